//! Reading a bundle: all of it is checked before a byte is handed on.
//!
//! It refuses what ludus/bundle/reader.py refuses; docs/bundle-format.md has the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use crate::bytes::{self, Sum};
use crate::error::{Error, Result};
use crate::manifest::{File, Golden, Manifest, Variant};
use crate::names::{COPY_AGAIN, MANIFEST, SUMS};
use crate::preprocess::normalise;
use crate::source::{Kind, Source};

const MANIFEST_BYTES: u64 = 16 << 20; // at most; real ones have some ten thousand

/// A bundle that was checked.
pub struct Bundle {
    /// Its description.
    pub manifest: Manifest,
    source: Arc<dyn Source>,
}

impl Bundle {
    /// Read and check a bundle.
    ///
    /// # Errors
    /// One of the kinds that concern files; the message names the file and what is wrong with it.
    pub fn open(source: Arc<dyn Source>) -> Result<Bundle> {
        let manifest = read_manifest(&*source)?;
        let bundle = Bundle { manifest, source };
        let held = bundle.held()?;
        for file in bundle.manifest.every_file() {
            bundle.check_held(&held, &file.path)?;
        }
        bundle.check_bytes()?;
        if held.contains_key(SUMS) {
            bundle.check_held(&held, SUMS)?;
            bundle.check_sums()?;
        }
        bundle.check_held(&held, MANIFEST)?;
        bundle.check_extra(&held)?;
        Ok(bundle)
    }

    /// A file's bytes, read and checked again: just these were checked, whatever has become of
    /// the file since `open`.
    ///
    /// # Errors
    /// MissingFile, FileSize or Checksum.
    pub fn read(&self, file: &File) -> Result<Vec<u8>> {
        bytes::read(&*self.source, file)
    }

    /// The variant of a target.
    ///
    /// # Errors
    /// Usage, with the nearest target.
    pub fn variant(&self, target: &str) -> Result<&Variant> {
        self.manifest.find(target, &self.place(""))
    }

    /// The first `count` golden examples: inputs as the network takes them, and the answers
    /// expected, one after the other.
    ///
    /// # Errors
    /// As `read`.
    ///
    /// # Panics
    /// Where there are fewer.
    pub fn golden(&self, count: usize) -> Result<(Vec<f32>, Vec<f32>)> {
        let values = count * self.manifest.network.inputs[0].values();
        match (&self.manifest.golden, &self.manifest.network.preprocess) {
            (Golden::Images(golden), Some(how)) => {
                let rows = golden.probabilities[..count].iter().flatten();
                let images = self.read(&golden.images)?;
                Ok((normalise(&images[..values], how), rows.map(|value| *value as f32).collect()))
            }
            (Golden::Images(_), None) => unreachable!("the manifest was checked"),
            (Golden::Tensors(golden), _) => {
                let answers = count * self.manifest.network.outputs[0].values();
                Ok((self.floats(&golden.inputs, values)?, self.floats(&golden.outputs, answers)?))
            }
        }
    }

    /// The first `count` float32 values of a file.
    fn floats(&self, file: &File, count: usize) -> Result<Vec<f32>> {
        let bytes = self.read(file)?;
        let (values, _) = bytes.as_chunks();
        Ok(values[..count].iter().map(|value| f32::from_le_bytes(*value)).collect())
    }

    /// The whole path of a file, for messages; of the bundle itself, for "".
    pub fn place(&self, path: &str) -> String {
        self.source.place(path)
    }

    /// What the bundle really holds, by path.
    fn held(&self) -> Result<BTreeMap<String, Kind>> {
        match self.source.list() {
            Ok(entries) => Ok(entries.into_iter().map(|entry| (entry.path, entry.kind)).collect()),
            Err(error) => {
                let message = format!("{} cannot be listed: {error}", self.place(""));
                Err(match error.kind() {
                    ErrorKind::PermissionDenied => Error::Denied(message),
                    _ => Error::MissingFile(message),
                })
            }
        }
    }

    fn check_held(&self, held: &BTreeMap<String, Kind>, path: &str) -> Result<()> {
        let place = self.place(path);
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        let link = folders.find(|folder| held.contains_key(*folder));
        match (held.get(path), link.map(|link| (link, held[link]))) {
            (Some(Kind::File), _) => Ok(()),
            (Some(Kind::Outside), _) | (None, Some((_, Kind::Outside))) => {
                Err(Error::MissingFile(format!("{place} is a link that leads out of the bundle")))
            }
            (None, Some((link, Kind::Other))) => Err(self.extra(link)),
            _ => {
                let message = format!("{place} is missing, and {MANIFEST} names it; {COPY_AGAIN}");
                Err(Error::MissingFile(message))
            }
        }
    }

    /// Every file's length and sha256, and every variant's, by which figures of other computers are
    /// attributed to it.
    fn check_bytes(&self) -> Result<()> {
        let mut sums: Vec<Sum> = self.manifest.every_file().map(Sum::File).collect();
        for variant in &self.manifest.variants {
            match &variant.files[..] {
                [file] if file.sha256 == variant.sha256 => (), // checked already
                _ => sums.push(Sum::Variant(variant)),
            }
        }
        bytes::check(&*self.source, &sums)
    }

    /// SHA256SUMS must say the same as manifest.json.
    fn check_sums(&self) -> Result<()> {
        let files = self.manifest.every_file();
        let mut expected: Vec<_> =
            files.map(|file| format!("{}  {}", file.sha256, file.path)).collect();
        let most: usize = expected.iter().map(|line| line.len() + "\r\n".len()).sum();
        let place = self.place(SUMS);
        let bytes = read_at_most(&*self.source, SUMS, most as u64)
            .map_err(|error| Error::Checksum(format!("{place} cannot be read: {error}")))?;
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        expected.sort_unstable();
        if lines == expected {
            return Ok(());
        }
        Err(Error::Checksum(format!(
            "{place} does not list the sums that {MANIFEST} has; make it again"
        )))
    }

    fn check_extra(&self, held: &BTreeMap<String, Kind>) -> Result<()> {
        let known: BTreeSet<&str> = self
            .manifest
            .every_file()
            .map(|file| file.path.as_str())
            .chain([MANIFEST, SUMS])
            .collect();
        match held.keys().find(|path| !known.contains(path.as_str())) {
            Some(path) => Err(self.extra(path)),
            None => Ok(()),
        }
    }

    fn extra(&self, path: &str) -> Error {
        let place = self.place(path);
        Error::ExtraFile(format!("{place} is not named by {MANIFEST}; remove it"))
    }
}

fn read_manifest(source: &dyn Source) -> Result<Manifest> {
    let place = source.place(MANIFEST);
    let bytes =
        read_at_most(source, MANIFEST, MANIFEST_BYTES).map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => bytes::unread(&place, error),
            _ => Error::Manifest(format!("{place} cannot be read: {error}; is this a bundle?")),
        })?;
    Manifest::parse(&bytes, &place)
}

fn read_at_most(source: &dyn Source, path: &str, most: u64) -> io::Result<Vec<u8>> {
    let (length, content) = source.open(path)?;
    if length > most {
        return Err(io::Error::other(format!("it has {length} bytes, more than {most}")));
    }
    let mut bytes = Vec::new();
    content.take(length + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::Error::other("its length changed while it was read"));
    }
    Ok(bytes)
}
