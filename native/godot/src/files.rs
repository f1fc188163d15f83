//! Where a bundle's files are: a folder, or what only the engine can read.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use godot::builtin::GString;
use godot::classes::file_access::ModeFlags;
use godot::classes::{DirAccess, FileAccess};
use godot::global::Error;
use godot::obj::Gd;
use ludus_runtime::Bundle;
use ludus_runtime::names::MANIFEST;
use ludus_runtime::source::{Entry, Folder, Kind, Source};

use crate::failure::{Failure, Outcome};

/// What else may be wrong where a file of an exported game is missing.
const EXPORT: &str = "an export packs a bundle whole where the plug-in Ludus is enabled (Project \
                      Settings, Plugins) and the preset's filters leave its manifest.json in";

/// Read and check the bundle at res://, user:// or an absolute path.
pub fn open(path: &str) -> Outcome<Bundle> {
    if !GString::from(path).is_absolute_path() {
        return Err(Failure::bad(format!(
            "the path {path} is relative, and would be another in an exported game; for a folder \
             of the project give res://{path}"
        )));
    }
    let path = without_slash(path);
    Bundle::open(source(path)).map_err(|error| explained(path, error.into()))
}

/// All but the slashes at the end, those of "res://" kept.
fn without_slash(path: &str) -> &str {
    let root = path.find("://").map_or(1, |scheme| scheme + "://".len());
    let rest = path.get(root..).unwrap_or_default().trim_end_matches('/');
    &path[..(root + rest.len()).min(path.len())]
}

/// A failure to read a bundle, with what the engine knows of the path.
fn explained(path: &str, mut failure: Failure) -> Failure {
    let manifest = join(path, MANIFEST);
    if failure.code != Error::ERR_FILE_NO_PERMISSION && !FileAccess::file_exists(&manifest) {
        let why = if FileAccess::file_exists(path) {
            let folder = GString::from(path).get_base_dir();
            format!("{path} is a file; give the folder of a bundle, as {folder} may be")
        } else if DirAccess::dir_exists_absolute(path) {
            format!("{path} has no such file, and so is no bundle")
        } else {
            format!("there is no folder {path}")
        };
        let message = format!("{manifest} cannot be read: {why}");
        failure = Failure::new(Error::ERR_FILE_NOT_FOUND, message);
    }
    let in_game = path.starts_with("res://") && FileAccess::file_exists("res://project.binary");
    if in_game && failure.code == Error::ERR_FILE_NOT_FOUND {
        failure.message = format!("{}; {EXPORT}", failure.message);
    }
    failure
}

fn source(path: &str) -> Arc<dyn Source> {
    match folder(path) {
        Some(folder) => Arc::new(Folder::new(folder)),
        None => Arc::new(Engine { path: path.to_owned() }),
    }
}

/// The real folder of a path, whose links can be checked as the engine's own cannot.
///
/// Where res:// is in a .pck there is none. ProjectSettings.globalize_path() does not look: what it
/// makes of res:// then may be a folder that lies there by chance.
fn folder(path: &str) -> Option<PathBuf> {
    if !path.contains("://") {
        return Some(PathBuf::from(path));
    }
    let manifest = FileAccess::open(&join(path, MANIFEST), ModeFlags::READ)?;
    let real = PathBuf::from(manifest.get_path_absolute().to_string()); // no real one in a .pck
    let parent = real.parent()?;
    (parent.is_absolute() && parent.is_dir()).then(|| parent.to_owned())
}

fn join(folder: &str, path: &str) -> String {
    let slash = if folder.ends_with('/') { "" } else { "/" };
    format!("{folder}{slash}{path}")
}

/// A folder that FileAccess and DirAccess read.
struct Engine {
    path: String,
}

impl Engine {
    fn list_below(&self, below: &str, entries: &mut Vec<Entry>) -> io::Result<()> {
        let mut folder = DirAccess::open(&self.place(below))
            .ok_or_else(|| io_error(DirAccess::get_open_error()))?;
        folder.set_include_hidden(true);
        for file in folder.get_files().as_slice() {
            entries.push(Entry { path: format!("{below}{file}"), kind: Kind::File });
        }
        for inner in folder.get_directories().as_slice() {
            self.list_below(&format!("{below}{inner}/"), entries)?;
        }
        Ok(())
    }
}

impl Source for Engine {
    fn place(&self, path: &str) -> String {
        join(&self.path, path)
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.list_below("", &mut entries)?;
        Ok(entries)
    }

    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)> {
        let file = FileAccess::open(&self.place(path), ModeFlags::READ)
            .ok_or_else(|| io_error(FileAccess::get_open_error()))?;
        Ok((file.get_length(), Box::new(Reader(file))))
    }
}

struct Reader(Gd<FileAccess>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.get_buffer(buffer.len() as i64);
        match self.0.get_error() {
            Error::OK | Error::ERR_FILE_EOF => {}
            error => return Err(io_error(error)),
        }
        buffer[..bytes.len()].copy_from_slice(bytes.as_slice());
        Ok(bytes.len())
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::ERR_FILE_NOT_FOUND | Error::ERR_FILE_BAD_PATH | Error::ERR_INVALID_PARAMETER => {
            io::ErrorKind::NotFound.into()
        }
        Error::ERR_FILE_NO_PERMISSION => io::ErrorKind::PermissionDenied.into(),
        other => io::Error::other(format!("{other:?}")),
    }
}
