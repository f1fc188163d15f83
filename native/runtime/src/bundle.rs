//! Reading a bundle: all of it is checked before a byte is handed on.
//!
//! What a bundle must be is said in ludus/bundle.py, and this refuses what that refuses.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::manifest::{File, Manifest, Variant};
use crate::source::{Kind, Source};

/// The file that describes all others.
pub const MANIFEST: &str = "manifest.json";
/// For people with `sha256sum`; it need not be there.
pub const SUMS: &str = "SHA256SUMS";

const MANIFEST_BYTES: u64 = 16 << 20; // at most; an honest one has some ten thousand
const BLOCK_BYTES: usize = 128 << 10; // read at a time: it stays in the second-level cache
const THREADS: usize = 8; // at most; more would wait for memory

/// A bundle that was checked.
pub struct Bundle {
    /// What it says of itself.
    pub manifest: Manifest,
    source: Arc<dyn Source>,
}

impl Bundle {
    /// Read and check a bundle.
    ///
    /// # Errors
    /// One of the first six of `Error`, which says which file and what is wrong with it.
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
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(file.bytes).unwrap_or(usize::MAX)).map_err(
            |error| {
                Error::MissingFile(format!("{} cannot be read: {error}", self.place(&file.path)))
            },
        )?;
        let mut block = vec![0; BLOCK_BYTES];
        self.check_file(file, &mut block, |part| bytes.extend_from_slice(part))?;
        Ok(bytes)
    }

    /// The variant of a target.
    ///
    /// # Errors
    /// Usage, with the nearest target.
    pub fn variant(&self, target: &str) -> Result<&Variant> {
        self.manifest.find(target, &self.place(MANIFEST))
    }

    /// The golden images, [count, size, size].
    ///
    /// # Errors
    /// As `read`.
    pub fn golden_images(&self) -> Result<Vec<u8>> {
        self.read(&self.manifest.golden.images)
    }

    /// The whole path of a file, for messages.
    pub fn place(&self, path: &str) -> String {
        self.source.place(path)
    }

    /// What the bundle really holds, by path.
    fn held(&self) -> Result<BTreeMap<String, Kind>> {
        match self.source.list() {
            Ok(entries) => Ok(entries.into_iter().map(|entry| (entry.path, entry.kind)).collect()),
            Err(error) => Err(Error::MissingFile(format!(
                "the files beside {} cannot be listed: {error}",
                self.place(MANIFEST)
            ))),
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
            _ => Err(Error::MissingFile(format!("{place} is missing; {MANIFEST} names it"))),
        }
    }

    /// Every file's length and sha256, and every variant's, on as many threads as there are cores.
    fn check_bytes(&self) -> Result<()> {
        let manifest = &self.manifest;
        let alone = manifest.files.iter().chain([&manifest.golden.images]);
        let mut jobs: Vec<Job> = alone.map(Job::File).collect();
        jobs.extend(manifest.variants.iter().map(Job::Variant));
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|index| Reverse(jobs[*index].bytes())); // so that none is left waiting
        let next = AtomicUsize::new(0);
        let work = || {
            let mut block = vec![0; BLOCK_BYTES];
            let mut errors = BTreeMap::new();
            while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.check_job(&jobs[*index], &mut block) {
                    errors.insert(*index, error);
                }
            }
            errors
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut errors = thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(THREADS)).map(|_| scope.spawn(work)).collect();
            let mut errors = work();
            for other in others {
                errors.extend(other.join().expect("a thread that checks files does not panic"));
            }
            errors
        });
        errors.pop_first().map_or(Ok(()), |(_, error)| Err(error))
    }

    fn check_job(&self, job: &Job, block: &mut [u8]) -> Result<()> {
        match job {
            Job::File(file) => self.check_file(file, block, |_| ()),
            Job::Variant(variant) => self.check_variant(variant, block),
        }
    }

    /// Its own sha256, by which another machine's figures are matched, must be of its files.
    fn check_variant(&self, variant: &Variant, block: &mut [u8]) -> Result<()> {
        let sha256 = if let [file] = &variant.files[..] {
            self.check_file(file, block, |_| ())?;
            file.sha256.clone()
        } else {
            let mut together = Sha256::new();
            for file in &variant.files {
                self.check_file(file, block, |part| together.update(part))?;
            }
            hex(together)
        };
        if sha256 == variant.sha256 {
            return Ok(());
        }
        Err(Error::Checksum(format!(
            "{}: the files of {} have the sha256 {sha256} one after the other, and its own says {}",
            self.place(MANIFEST),
            variant.target,
            variant.sha256
        )))
    }

    /// A file's length and sha256; `see` is given its bytes, a block at a time.
    fn check_file(&self, file: &File, block: &mut [u8], mut see: impl FnMut(&[u8])) -> Result<()> {
        let place = self.place(&file.path);
        let unread = |error| Error::MissingFile(format!("{place} cannot be read: {error}"));
        let length = |bytes| {
            let said = file.bytes;
            Error::FileSize(format!("{place} has {bytes} bytes, and {MANIFEST} says {said}"))
        };
        let (bytes, mut content) = self.source.open(&file.path).map_err(unread)?;
        if bytes != file.bytes {
            return Err(length(bytes)); // before it is read, however long it is
        }
        let mut sha256 = Sha256::new();
        let mut seen = 0;
        loop {
            let count = match content.read(block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(unread(error)),
            };
            seen += count as u64;
            if seen > bytes {
                return Err(length(seen)); // it grows while it is read
            }
            sha256.update(&block[..count]);
            see(&block[..count]);
        }
        if seen != bytes {
            return Err(length(seen));
        }
        match hex(sha256) {
            found if found == file.sha256 => Ok(()),
            found => Err(Error::Checksum(format!(
                "{place} has the sha256 {found}, and {MANIFEST} says {}",
                file.sha256
            ))),
        }
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

/// What one thread checks without another's help.
enum Job<'a> {
    File(&'a File),
    Variant(&'a Variant),
}

impl Job<'_> {
    fn bytes(&self) -> u64 {
        match self {
            Job::File(file) => file.bytes,
            Job::Variant(variant) => variant.files.iter().map(|file| file.bytes).max().unwrap_or(0),
        }
    }
}

fn read_manifest(source: &dyn Source) -> Result<Manifest> {
    let place = source.place(MANIFEST);
    let bytes = read_at_most(source, MANIFEST, MANIFEST_BYTES).map_err(|error| {
        Error::Manifest(format!("{place} cannot be read: {error}; is this a bundle?"))
    })?;
    Manifest::parse(&bytes, &place)
}

fn read_at_most(source: &dyn Source, path: &str, most: u64) -> io::Result<Vec<u8>> {
    let (length, content) = source.open(path)?;
    let mut bytes = Vec::new();
    if length <= most {
        content.take(most + 1).read_to_end(&mut bytes)?;
    }
    if length.max(bytes.len() as u64) > most {
        return Err(io::Error::other(format!("it has {length} bytes, more than {most}")));
    }
    Ok(bytes)
}

fn hex(sha256: Sha256) -> String {
    sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
