//! What a bundle's files may do while they are read, and no folder does when asked.

use std::collections::BTreeMap;
use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::Arc;

use ludus_runtime::source::{Entry, Kind, Source};
use ludus_runtime::{Bundle, Error, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MANIFEST: &str = include_str!("../../../tests/golden/bundle/manifest.json");
const FILES: [(&str, &[u8]); 4] = [
    ("README.md", include_bytes!("../../../tests/golden/bundle/README.md")),
    ("golden/images.bin", include_bytes!("../../../tests/golden/bundle/golden/images.bin")),
    (
        "variants/iree-vmvx/model.vmfb",
        include_bytes!("../../../tests/golden/bundle/variants/iree-vmvx/model.vmfb"),
    ),
    (
        "variants/iree-vulkan/model.vmfb",
        include_bytes!("../../../tests/golden/bundle/variants/iree-vulkan/model.vmfb"),
    ),
];

/// Files in memory, of which one misbehaves.
struct Files {
    files: BTreeMap<String, Vec<u8>>,
    strange: &'static str,
    how: How,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Good,
    IsInterrupted,
    ComesInDrops,
    Grows,
    Shrinks,
    FailsInTheMiddle,
    IsNotOpened,
    IsNotListed,
}

impl Source for Files {
    fn place(&self, path: &str) -> String {
        format!("memory:{path}")
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        if self.how == How::IsNotListed {
            return Err(io::Error::other("the disk is gone"));
        }
        let entry = |path: &String| Entry { path: path.clone(), kind: Kind::File };
        Ok(self.files.keys().map(entry).collect())
    }

    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)> {
        let bytes = self.files.get(path).ok_or(ErrorKind::NotFound)?;
        let length = bytes.len() as u64;
        if path != self.strange {
            return Ok((length, Box::new(&bytes[..])));
        }
        let content: Box<dyn Read> = match self.how {
            How::Good | How::IsNotListed => Box::new(&bytes[..]),
            How::IsInterrupted => Box::new(Interrupted(false).chain(&bytes[..])),
            How::ComesInDrops => Box::new(Drops(&bytes[..])),
            How::Grows => Box::new(Cursor::new(bytes).chain(io::repeat(0))),
            How::Shrinks => Box::new(&bytes[1..]),
            How::FailsInTheMiddle => Box::new(bytes[1..].chain(Failing)),
            How::IsNotOpened => return Err(ErrorKind::PermissionDenied.into()),
        };
        Ok((length, content))
    }
}

struct Interrupted(bool);

impl Read for Interrupted {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0 = !self.0;
        if self.0 { Err(ErrorKind::Interrupted.into()) } else { Ok(0) }
    }
}

struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let most = block.len().min(61);
        self.0.read(&mut block[..most])
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

fn open(strange: &'static str, how: How) -> Result<Bundle> {
    let files = FILES.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    let mut files = BTreeMap::from(files);
    files.insert("manifest.json".into(), MANIFEST.into());
    Bundle::open(Arc::new(Files { files, strange, how }))
}

fn refused(strange: &'static str, how: How) -> Error {
    open(strange, how).err().expect("reading found nothing wrong")
}

#[test]
fn bytes_that_come_in_drops_or_after_an_interrupt_are_all_read() {
    for path in ["manifest.json", "golden/images.bin", "variants/iree-vmvx/model.vmfb"] {
        for how in [How::Good, How::ComesInDrops, How::IsInterrupted] {
            let bundle = open(path, how).unwrap();
            let file = bundle.manifest.golden.files().next().unwrap();
            assert_eq!(bundle.read(file).unwrap(), FILES[1].1);
        }
    }
}

#[test]
fn a_file_that_changes_its_length_while_it_is_read_is_refused() {
    let path = "variants/iree-vmvx/model.vmfb";
    for how in [How::Grows, How::Shrinks] {
        let error = refused(path, how);
        assert_eq!(error.name(), "FileSizeError");
        assert!(error.to_string().contains(path), "{error}");
    }
    assert_eq!(refused("manifest.json", How::Grows).name(), "ManifestError"); // without end
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_the_system_s_words() {
    let error = refused("README.md", How::FailsInTheMiddle);
    assert_eq!(error.name(), "MissingFileError");
    assert_eq!(error.to_string(), "memory:README.md cannot be read: the disk is gone");
    assert_eq!(refused("manifest.json", How::FailsInTheMiddle).name(), "ManifestError");
}

#[test]
fn a_file_that_may_not_be_read_is_not_said_to_be_missing() {
    for path in ["README.md", "manifest.json"] {
        let error = refused(path, How::IsNotOpened);
        assert!(matches!(&error, Error::Denied(_)), "{error}");
        assert_eq!(error.to_string(), format!("memory:{path} cannot be read: permission denied"));
    }
}

#[test]
fn a_bundle_that_cannot_be_listed_is_refused() {
    let error = refused("", How::IsNotListed);
    assert_eq!(error.name(), "MissingFileError");
    assert_eq!(error.to_string(), "memory: cannot be listed: the disk is gone");
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn files_of_any_length_are_hashed_rightly() {
    let lengths = [0, 1, 55, 63, 64, 65, 127, 128, 129, 65_535, 65_536, 65_537, 200_000, 300_001];
    let mut manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let mut files = BTreeMap::from(FILES.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())));
    for length in lengths {
        let bytes: Vec<u8> =
            (0..length).map(|index: u32| (index * 7 + index / 251) as u8).collect();
        let path = format!("of/{length}.bin");
        let file = json!({"path": path, "bytes": length, "sha256": sha256(&bytes)});
        manifest["files"].as_array_mut().unwrap().push(file);
        files.insert(path, bytes);
    }
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
    let open = |files| Bundle::open(Arc::new(Files { files, strange: "", how: How::Good }));
    let bundle = open(files.clone()).unwrap();
    for file in bundle.manifest.every_file() {
        assert_eq!(bundle.read(file).unwrap(), files[&file.path]);
    }
    for length in &lengths[1..] {
        let mut files = files.clone();
        let bytes = files.get_mut(&format!("of/{length}.bin")).unwrap();
        *bytes.last_mut().unwrap() ^= 1; // the last, since a block might be left out
        assert_eq!(open(files).err().unwrap().name(), "ChecksumError", "{length}");
    }
}
