//! Where a bundle's files are: a folder, or an engine's own file system.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The files of one bundle. Paths are relative to the bundle, with `/`.
pub trait Source: Send + Sync {
    /// The whole path of a file, for messages; of the bundle itself, for "".
    fn place(&self, path: &str) -> String;

    /// Everything below but folders, in any order. Nothing behind a link is listed.
    fn list(&self) -> io::Result<Vec<Entry>>;

    /// A file's length in bytes, and its bytes. Called from several threads at a time, with
    /// paths that `list` gave as files, and with manifest.json.
    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)>;
}

/// What a bundle holds at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the bundle, with `/`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
}

/// What is at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, inside the bundle.
    File,
    /// A link that leads out of the bundle.
    Outside,
    /// What no bundle may hold: a link to a folder or to nothing, a pipe, a device.
    Other,
}

/// A bundle in a folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The bundle in this folder, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Folder(path.into())
    }

    fn kind(&self, path: &Path, listed: fs::FileType) -> io::Result<Kind> {
        if listed.is_file() {
            return Ok(Kind::File);
        }
        let (true, Ok(real)) = (listed.is_symlink(), path.canonicalize()) else {
            return Ok(Kind::Other);
        };
        Ok(if !real.starts_with(self.0.canonicalize()?) {
            Kind::Outside
        } else if real.is_file() {
            Kind::File
        } else {
            Kind::Other
        })
    }
}

impl Source for Folder {
    fn place(&self, path: &str) -> String {
        let place = if path.is_empty() { self.0.clone() } else { self.0.join(path) };
        place.display().to_string()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        let mut folders = vec![(self.0.clone(), String::new())];
        while let Some((folder, prefix)) = folders.pop() {
            for item in fs::read_dir(folder)? {
                let item = item?;
                let path = format!("{prefix}{}", item.file_name().to_string_lossy());
                let listed = item.file_type()?;
                if listed.is_dir() {
                    folders.push((item.path(), path + "/"));
                } else {
                    let kind = self.kind(&item.path(), listed)?;
                    entries.push(Entry { path, kind });
                }
            }
        }
        Ok(entries)
    }

    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)> {
        let path = self.0.join(path);
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("it is no file")); // a pipe would never open
        }
        let file = File::open(path)?;
        Ok((file.metadata()?.len(), Box::new(file)))
    }
}
