//! Where a bundle's files are: a folder, or what only the engine can read.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use godot::classes::file_access::ModeFlags;
use godot::classes::{DirAccess, FileAccess};
use godot::global::Error;
use godot::obj::Gd;
use ludus_runtime::Bundle;
use ludus_runtime::source::{Entry, Folder, Kind, Source};

use crate::failure::{Failure, Outcome};

/// Read and check the bundle at res://, user:// or an absolute path.
pub fn open(path: &str) -> Outcome<Bundle> {
    Bundle::open(source(path)).map_err(|error| {
        let mut failure = Failure::from(error);
        if !FileAccess::file_exists(&manifest(path)) {
            failure.code = Error::ERR_FILE_NOT_FOUND; // of a manifest, whose errors are of its words
        }
        failure
    })
}

fn source(path: &str) -> Arc<dyn Source> {
    let path = path.trim_end_matches('/');
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
    let manifest = FileAccess::open(&manifest(path), ModeFlags::READ)?;
    let real = PathBuf::from(manifest.get_path_absolute().to_string()); // no real one in a .pck
    let parent = real.parent()?;
    (parent.is_absolute() && parent.is_dir()).then(|| parent.to_owned())
}

fn manifest(path: &str) -> String {
    format!("{path}/manifest.json")
}

/// A folder that FileAccess and DirAccess read.
struct Engine {
    path: String,
}

impl Engine {
    fn list_below(&self, below: &str, entries: &mut Vec<Entry>) -> io::Result<()> {
        let mut folder = DirAccess::open(&self.place(below))
            .ok_or_else(|| in_words(DirAccess::get_open_error()))?;
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
        format!("{}/{path}", self.path)
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        self.list_below("", &mut entries)?;
        Ok(entries)
    }

    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)> {
        let file = FileAccess::open(&self.place(path), ModeFlags::READ)
            .ok_or_else(|| in_words(FileAccess::get_open_error()))?;
        Ok((file.get_length(), Box::new(Reader(file))))
    }
}

struct Reader(Gd<FileAccess>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.get_buffer(buffer.len() as i64);
        match self.0.get_error() {
            Error::OK | Error::ERR_FILE_EOF => {}
            error => return Err(in_words(error)),
        }
        buffer[..bytes.len()].copy_from_slice(bytes.as_slice());
        Ok(bytes.len())
    }
}

fn in_words(error: Error) -> io::Error {
    match error {
        Error::ERR_FILE_NOT_FOUND | Error::ERR_FILE_BAD_PATH | Error::ERR_INVALID_PARAMETER => {
            io::ErrorKind::NotFound.into()
        }
        Error::ERR_FILE_NO_PERMISSION => io::ErrorKind::PermissionDenied.into(),
        other => io::Error::other(format!("{other:?}")),
    }
}
