//! A good bundle with changes: refused with an error, or all of it can be read.
#![no_main]

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use ludus_runtime::Bundle;
use ludus_runtime::source::{Entry, Kind, Source};

/// A file of a good bundle: its path, its bytes.
macro_rules! file {
    ($bundle:literal, $path:literal) => {
        ($path, include_bytes!(concat!("../../../tests/golden/", $bundle, "/", $path)) as &[u8])
    };
}

const DRAWINGS: &[(&str, &[u8])] = &[
    file!("bundle", "manifest.json"),
    file!("bundle", "SHA256SUMS"),
    file!("bundle", "README.md"),
    file!("bundle", "golden/images.bin"),
    file!("bundle", "variants/iree-vmvx/model.vmfb"),
    file!("bundle", "variants/iree-vulkan/model.vmfb"),
];
const TENSORS: &[(&str, &[u8])] = &[
    file!("tensor-bundle", "manifest.json"),
    file!("tensor-bundle", "SHA256SUMS"),
    file!("tensor-bundle", "README.md"),
    file!("tensor-bundle", "golden/inputs.f32"),
    file!("tensor-bundle", "golden/outputs.f32"),
    file!("tensor-bundle", "variants/iree-vmvx/model.vmfb"),
    file!("tensor-bundle", "variants/iree-vulkan/model.vmfb"),
];

/// A change of the bundle; a file is named by its number in order of paths.
#[derive(Debug, Arbitrary)]
enum Change {
    /// In the manifest, in place of `cut` bytes at `at`.
    Manifest {
        at: u16,
        cut: u8,
        put: Vec<u8>,
    },
    /// In any file.
    File {
        file: u8,
        at: u16,
        cut: u8,
        put: Vec<u8>,
    },
    /// To another path.
    Move {
        file: u8,
        path: String,
    },
    /// As another kind of thing, of another length than it says.
    Disguise {
        file: u8,
        kind: u8,
        length: u64,
    },
    Remove {
        file: u8,
    },
    Add {
        path: String,
        bytes: Vec<u8>,
    },
}

struct Held {
    bytes: Vec<u8>,
    length: Option<u64>,
    kind: Kind,
}

struct Files(BTreeMap<String, Held>);

impl Files {
    fn of(good: &[(&str, &[u8])]) -> Self {
        let held = |(path, bytes): &(&str, &[u8])| (path.to_string(), Held::of(bytes.to_vec()));
        Files(good.iter().map(held).collect())
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Manifest { at, cut, put } => {
                if let Some(held) = self.0.get_mut("manifest.json") {
                    held.splice(at, cut, put);
                }
            }
            Change::File { file, at, cut, put } => {
                if let Some(held) = self.path(file).and_then(|path| self.0.get_mut(&path)) {
                    held.splice(at, cut, put);
                }
            }
            Change::Move { file, path } => {
                if let Some(held) = self.path(file).and_then(|path| self.0.remove(&path)) {
                    self.0.insert(path, held);
                }
            }
            Change::Disguise { file, kind, length } => {
                if let Some(held) = self.path(file).and_then(|path| self.0.get_mut(&path)) {
                    held.kind = [Kind::File, Kind::Outside, Kind::Other][usize::from(kind) % 3];
                    held.length = Some(length);
                }
            }
            Change::Remove { file } => {
                self.path(file).and_then(|path| self.0.remove(&path));
            }
            Change::Add { path, bytes } => {
                self.0.insert(path, Held::of(bytes));
            }
        }
    }

    fn path(&self, file: u8) -> Option<String> {
        self.0.keys().cycle().nth(file.into()).cloned()
    }
}

impl Held {
    fn of(bytes: Vec<u8>) -> Self {
        Held { bytes, length: None, kind: Kind::File }
    }

    fn splice(&mut self, at: u16, cut: u8, put: Vec<u8>) {
        let start = usize::from(at).min(self.bytes.len());
        let end = (start + usize::from(cut)).min(self.bytes.len());
        self.bytes.splice(start..end, put);
    }
}

impl Source for Files {
    fn place(&self, path: &str) -> String {
        path.to_owned()
    }

    fn list(&self) -> io::Result<Vec<Entry>> {
        let entry = |(path, held): (&String, &Held)| Entry { path: path.clone(), kind: held.kind };
        Ok(self.0.iter().map(entry).collect())
    }

    fn open(&self, path: &str) -> io::Result<(u64, Box<dyn Read + '_>)> {
        let held = self.0.get(path).ok_or(ErrorKind::NotFound)?;
        Ok((held.length.unwrap_or(held.bytes.len() as u64), Box::new(&held.bytes[..])))
    }
}

fuzz_target!(|input: (bool, Vec<Change>)| {
    let (tensors, changes) = input;
    let mut files = Files::of(if tensors { TENSORS } else { DRAWINGS });
    let none = changes.is_empty();
    for change in changes {
        files.change(change);
    }
    match Bundle::open(Arc::new(files)) {
        Ok(bundle) => {
            for file in bundle.manifest.every_file() {
                assert_eq!(bundle.read(file).unwrap().len() as u64, file.bytes);
            }
            let count = bundle.manifest.golden_count();
            let (inputs, answers) = bundle.golden(count).unwrap();
            assert_eq!(inputs.len(), count * bundle.manifest.network.inputs[0].values());
            assert_eq!(answers.len(), count * bundle.manifest.network.outputs[0].values());
        }
        Err(error) => assert!(!none, "a good bundle is refused: {error}"),
    }
});
