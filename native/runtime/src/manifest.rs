//! manifest.json of a bundle, as ludus/bundle/schema.py describes it; docs/manifest.schema.json.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use crate::bytes::AGAIN;
use crate::error::{Error, Result, nearest};
use crate::json::{
    ANY, Fault, Read, filled, list, map, matching, nullable, number, object, parse, text, whole,
    word,
};

mod golden;
mod network;
mod preprocess;

pub use golden::{Examples, Golden};
pub use network::{Network, Tensor};
pub use preprocess::{Drawing, Photo, Preprocess};

/// The one version of the schema that this program reads.
pub const SCHEMA_VERSION: u64 = 1;

/// All that a game, a server or a person needs to know to run the bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Manifest {
    /// Always `SCHEMA_VERSION`.
    pub schema_version: u64,
    /// Lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// Three numbers, as "1.0.0".
    pub version: String,
    /// What it takes and gives.
    #[serde(flatten)]
    pub network: Network,
    /// What each variant had to reach.
    pub floors: Gate,
    /// The self-test.
    pub golden: Golden,
    /// Best first; their targets differ.
    pub variants: Vec<Variant>,
    /// Every other file of the bundle.
    pub files: Vec<File>,
    /// Where the bundle came from.
    pub provenance: Provenance,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Relative to the bundle, with `/`, and never outside it.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Of its bytes, 64 digits of `0..=9` and `a..=f`.
    pub sha256: String,
}

/// What the caller of a function gives it, and keeps from call to call.
///
/// `name(images, result, transients, wait, signal)`: buffer views of the images and of the result,
/// a buffer for transients, and two fences, in place of `name(images) -> result`. The result is
/// there when the second fence is signalled, until the next call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Buffers {
    /// Shape of the result, FP32.
    pub result: Vec<i64>,
    /// Bytes; a larger buffer will do.
    pub transients: u64,
}

/// A function of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryFunction {
    /// As the module exports it.
    pub name: String,
    /// Any number of images (-1), or just this many, at least 1.
    pub batch: i64,
    /// That the caller gives; none: IREE allocates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buffers: Option<Buffers>,
}

/// What compiled CPU code needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cpu {
    /// "x86_64", "aarch64" or "riscv64".
    pub architecture: &'static str,
    /// As LLVM names them.
    pub features: Vec<String>,
}

/// What one evaluation of a variant found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Name of the row in params.yaml.
    pub evaluation: String,
    /// Device word.
    pub device: String,
    /// "verified", "failed", "not run" or "attested".
    pub status: &'static str,
    /// Why it was not run.
    pub reason: Option<String>,
    /// How many were run.
    pub images: i64,
    /// Share of the images that were recognised.
    pub accuracy: Option<f64>,
    /// Share of the images whose class is the reference's.
    pub agreement: Option<f64>,
    /// Largest difference of any probability to the reference's.
    pub max_abs_diff: Option<f64>,
}

/// The network compiled for one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variant {
    /// Its name.
    pub target: String,
    /// "iree", "onnx", "ncnn", "torch" or "xla".
    pub backend: &'static str,
    /// IREE's HAL driver: "cpu", "vulkan", "cuda", "rocm" or "metal". Always there for IREE.
    pub driver: Option<&'static str>,
    /// At least one, the module first.
    pub files: Vec<File>,
    /// Of the files' bytes, one after the other.
    pub sha256: String,
    /// Of the runtime that the module needs. Always there for IREE.
    pub iree_version: Option<String>,
    /// What compiled CPU code needs.
    pub cpu: Option<Cpu>,
    /// At least one.
    pub entry_functions: Vec<EntryFunction>,
    /// Where it was run before it was shipped, and what came of it.
    pub evaluations: Vec<Figures>,
}

/// What a variant had to reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// Least share of images recognised.
    pub accuracy: f64,
    /// Most of it that may be lost to the reference.
    pub accuracy_loss: f64,
    /// Least share of images whose class is the reference's.
    pub agreement: f64,
    /// Largest difference of any probability to the reference's.
    pub max_abs_diff: f64,
}

/// Where the bundle came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Git revision of the working tree's HEAD.
    pub revision: Option<String>,
    /// Of dvc.lock's entries for what was built.
    pub dvc_lock_sha256: String,
    /// Of each package that had a part in it.
    pub versions: BTreeMap<String, String>,
}

impl Manifest {
    /// Read and check the bytes of a manifest.json; `place` is its path, for messages.
    ///
    /// # Errors
    /// SchemaVersion where the file is of another version, else Manifest: no JSON, not of the
    /// schema, a name that comes twice, or shapes, golden images and labels that do not fit.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Manifest> {
        let document = parse(bytes)
            .map_err(|error| Error::Manifest(format!("{place} is no JSON: {error}; {AGAIN}")))?;
        check_version(&document, place)?;
        let manifest = manifest(&document).and_then(|manifest| {
            manifest.check_names()?;
            manifest.network.check()?;
            manifest.check_golden()?;
            Ok(manifest)
        });
        manifest.map_err(|fault| Error::Manifest(format!("{place}: {fault}")))
    }

    /// As the text of a manifest.json, with keys in order.
    pub fn to_json(&self) -> String {
        let value = serde_json::to_value(self).expect("keys are texts, and numbers finite");
        format!("{value:#}\n")
    }

    /// The manifest of the same bundle with only the variants of these targets, in its own order.
    ///
    /// # Errors
    /// Usage where a target is not in the bundle, or none is wanted.
    pub fn subset(&self, targets: &[&str]) -> Result<Manifest> {
        for target in targets {
            self.find(target, &self.name)?;
        }
        if targets.is_empty() {
            return Err(Error::Usage(format!(
                "{} needs a variant, and none was named; known: {}",
                self.name,
                self.targets().join(", ")
            )));
        }
        let mut subset = self.clone();
        subset.variants.retain(|variant| targets.contains(&variant.target.as_str()));
        Ok(subset)
    }

    /// The variant of a target, or a Usage error with the nearest; `place` is for its message.
    pub(crate) fn find(&self, target: &str, place: &str) -> Result<&Variant> {
        let found = self.variants.iter().find(|variant| variant.target == target);
        found.ok_or_else(|| {
            let hint = nearest(target, &self.targets());
            Error::Usage(format!("{place}: no variant '{target}'{hint}"))
        })
    }

    /// Every file of the bundle but manifest.json and SHA256SUMS.
    pub fn every_file(&self) -> impl Iterator<Item = &File> {
        let compiled = self.variants.iter().flat_map(|variant| &variant.files);
        self.files.iter().chain(self.golden.files()).chain(compiled)
    }

    fn targets(&self) -> Vec<&str> {
        self.variants.iter().map(|variant| variant.target.as_str()).collect()
    }

    fn check_names(&self) -> Read<()> {
        differ("target", self.targets())?;
        differ("file", self.every_file().map(|file| file.path.as_str()))
    }
}

impl Variant {
    /// What its evaluations say together: "failed" where one failed, or else the best of
    /// "verified", "attested" and "not run".
    pub fn status(&self) -> &'static str {
        let best = ["failed", "verified", "attested"];
        let mut found = best.into_iter().filter(|status| self.is(status));
        found.next().unwrap_or("not run")
    }

    fn is(&self, status: &str) -> bool {
        self.evaluations.iter().any(|figures| figures.status == status)
    }
}

/// What `schema_version` says comes first, since all else depends on it.
fn check_version(document: &Value, place: &str) -> Result<()> {
    let found = document.get("schema_version");
    if found.and_then(Value::as_u64) == Some(SCHEMA_VERSION) {
        return Ok(());
    }
    let found =
        found.map_or("no schema_version".into(), |version| format!("schema_version {version}"));
    Err(Error::SchemaVersion(format!(
        "{place} has {found}, and this ludus reads {SCHEMA_VERSION}; take a ludus as new as the \
         bundle"
    )))
}

fn differ<'a>(kind: &str, names: impl IntoIterator<Item = &'a str>) -> Read<()> {
    let mut seen = HashSet::new();
    match names.into_iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Fault::new(format!("the {kind} '{twice}' comes twice"))),
        None => Ok(()),
    }
}

fn manifest(value: &Value) -> Read<Manifest> {
    object(value, |keys| {
        Ok(Manifest {
            schema_version: keys.need("schema_version", whole(1))?,
            name: keys.need("name", name)?,
            version: keys.need("version", version)?,
            network: network::network(keys)?,
            floors: keys.need("floors", gate)?,
            golden: keys.need("golden", golden::golden)?,
            variants: keys.need("variants", filled(variant))?,
            files: keys.need("files", list(file))?,
            provenance: keys.need("provenance", provenance)?,
        })
    })
}

fn file(value: &Value) -> Read<File> {
    object(value, |keys| {
        Ok(File {
            path: keys.need("path", path)?,
            bytes: keys.need("bytes", whole(0))?,
            sha256: keys.need("sha256", sha256)?,
        })
    })
}

fn buffers(value: &Value) -> Read<Buffers> {
    object(value, |keys| {
        Ok(Buffers {
            result: keys.need("result", filled(whole(1)))?,
            transients: keys.need("transients", whole(0))?,
        })
    })
}

fn entry_function(value: &Value) -> Read<EntryFunction> {
    object(value, |keys| {
        Ok(EntryFunction {
            name: keys.need("name", text)?,
            batch: keys.need("batch", batch)?,
            buffers: keys.may("buffers", nullable(buffers))?,
        })
    })
}

fn cpu(value: &Value) -> Read<Cpu> {
    object(value, |keys| {
        Ok(Cpu {
            architecture: keys.need("architecture", word(&["x86_64", "aarch64", "riscv64"]))?,
            features: keys.need("features", list(text))?,
        })
    })
}

fn figures(value: &Value) -> Read<Figures> {
    object(value, |keys| {
        let status = word(&["verified", "failed", "not run", "attested"]);
        Ok(Figures {
            evaluation: keys.need("evaluation", text)?,
            device: keys.need("device", text)?,
            status: keys.need("status", status)?,
            reason: keys.need("reason", nullable(text))?,
            images: keys.need("images", whole(i64::MIN))?,
            accuracy: keys.need("accuracy", nullable(any_number))?,
            agreement: keys.need("agreement", nullable(any_number))?,
            max_abs_diff: keys.need("max_abs_diff", nullable(any_number))?,
        })
    })
}

fn variant(value: &Value) -> Read<Variant> {
    let drivers = ["cpu", "vulkan", "cuda", "rocm", "metal"];
    let variant = object(value, |keys| {
        Ok(Variant {
            target: keys.need("target", text)?,
            backend: keys.need("backend", word(&["iree", "onnx", "ncnn", "torch", "xla"]))?,
            driver: keys.may("driver", nullable(word(&drivers)))?,
            files: keys.need("files", filled(file))?,
            sha256: keys.need("sha256", sha256)?,
            iree_version: keys.may("iree_version", nullable(text))?,
            cpu: keys.may("cpu", nullable(cpu))?,
            entry_functions: keys.need("entry_functions", filled(entry_function))?,
            evaluations: keys.may("evaluations", list(figures))?,
        })
    })?;
    if variant.backend == "iree" && (variant.driver.is_none() || variant.iree_version.is_none()) {
        let target = variant.target;
        return Err(Fault::new(format!("'{target}' needs a driver and an iree_version")));
    }
    Ok(variant)
}

fn gate(value: &Value) -> Read<Gate> {
    object(value, |keys| {
        Ok(Gate {
            accuracy: keys.need("accuracy", number(0.0, 1.0))?,
            accuracy_loss: keys.need("accuracy_loss", number(0.0, 1.0))?,
            agreement: keys.need("agreement", number(0.0, 1.0))?,
            max_abs_diff: keys.need("max_abs_diff", number(0.0, f64::MAX))?,
        })
    })
}

fn provenance(value: &Value) -> Read<Provenance> {
    object(value, |keys| {
        Ok(Provenance {
            revision: keys.need("revision", nullable(text))?,
            dvc_lock_sha256: keys.need("dvc_lock_sha256", sha256)?,
            versions: keys.need("versions", map(text))?,
        })
    })
}

fn any_number(value: &Value) -> Read<f64> {
    number(ANY.0, ANY.1)(value)
}

/// A number of images; -1: any. 0 would have a runner wait forever.
fn batch(value: &Value) -> Read<i64> {
    match whole(-1)(value)? {
        0 => Err(Fault::new("expected -1, for any number of images, or at least 1, got 0")),
        batch => Ok(batch),
    }
}

fn name(value: &Value) -> Read<String> {
    matching("a name of a-z, 0-9, '_' and '-'", |name| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '-'))
    })(value)
}

fn version(value: &Value) -> Read<String> {
    matching("a version such as \"1.0.0\"", |version| {
        let numbers: Vec<&str> = version.split('.').collect();
        let digits =
            |number: &&str| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
        numbers.len() == 3 && numbers.iter().all(digits)
    })(value)
}

/// Relative, with forward slashes, and never outside the bundle's folder.
fn path(value: &Value) -> Read<String> {
    matching("a path inside the bundle, as 'variants/cpu/model.vmfb'", |path| {
        path.split('/').all(|part| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
        })
    })(value)
}

fn sha256(value: &Value) -> Read<String> {
    matching("a sha256 of 64 digits 0-9 and a-f", |digits| {
        digits.len() == 64 && digits.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    })(value)
}
