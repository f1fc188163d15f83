//! manifest.json of a bundle, as ludus/bundle/schema.py describes it; docs/manifest.schema.json.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result, nearest};
use crate::json::{Read, parse, read};
use crate::names::COPY_AGAIN;

mod figures;
mod file;
mod gate;
mod golden;
mod network;
mod preprocess;
mod provenance;
mod rules;
mod variant;
mod words;

pub use figures::Figures;
pub use file::File;
pub use gate::Gate;
pub use golden::{Golden, GoldenImages, GoldenTensors};
pub use network::{Network, Tensor};
pub use preprocess::{Drawing, Photo, Preprocess};
pub use provenance::Provenance;
pub use variant::{BACKENDS, Buffers, Cpu, EntryFunction, Variant};
pub use words::{
    Architecture, Centre, Channels, Datatype, DrawingLayout, Driver, Fit, Invert, Layout,
    PhotoKind, Status,
};

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
    /// What each variant had to reach. `floors` in the manifest.
    #[serde(rename = "floors")]
    pub thresholds: Gate,
    /// The self-test.
    pub golden: Golden,
    /// Best first; their targets differ.
    pub variants: Vec<Variant>,
    /// Every other file of the bundle.
    pub files: Vec<File>,
    /// Where the bundle came from.
    pub provenance: Provenance,
}

/// The keys of manifest.json. What a key's value is read as may depend on the keys in it: such a
/// value is read by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    schema_version: u64,
    #[serde(deserialize_with = "rules::name")]
    name: String,
    #[serde(deserialize_with = "rules::version")]
    version: String,
    #[serde(deserialize_with = "rules::filled")]
    inputs: Vec<Tensor>,
    #[serde(deserialize_with = "rules::filled")]
    outputs: Vec<Tensor>,
    labels: Vec<String>,
    #[serde(rename = "preprocess")]
    _preprocess: IgnoredAny,
    floors: Gate,
    #[serde(rename = "golden")]
    _golden: IgnoredAny,
    #[serde(deserialize_with = "rules::filled")]
    variants: Vec<Variant>,
    files: Vec<File>,
    provenance: Provenance,
}

impl Manifest {
    /// Read and check the bytes of a manifest.json; `place` is its path, for messages.
    ///
    /// # Errors
    /// SchemaVersion where the file is of another version, else Manifest: no JSON, not of the
    /// schema, a name that comes twice, or shapes, golden images and labels that do not fit.
    pub fn parse(bytes: &[u8], place: &str) -> Result<Manifest> {
        let document = parse(bytes).map_err(|error| {
            Error::Manifest(format!("{place} is no JSON: {error}; {COPY_AGAIN}"))
        })?;
        check_version(&document, place)?;
        let manifest = Manifest::read(&document).and_then(|manifest| {
            manifest.check()?;
            Ok(manifest)
        });
        manifest.map_err(|fault| Error::Manifest(format!("{place}: {fault}")))
    }

    fn read(document: &Value) -> Read<Manifest> {
        let keys: Keys = read(document, "")?;
        Ok(Manifest {
            schema_version: keys.schema_version,
            name: keys.name,
            version: keys.version,
            network: Network {
                inputs: keys.inputs,
                outputs: keys.outputs,
                labels: keys.labels,
                preprocess: Preprocess::read(&document["preprocess"], "preprocess")?,
            },
            thresholds: keys.floors,
            golden: Golden::read(&document["golden"], "golden")?,
            variants: keys.variants,
            files: keys.files,
            provenance: keys.provenance,
        })
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

    /// How many golden examples there are, at least 1.
    pub fn golden_count(&self) -> usize {
        self.golden.count(&self.network)
    }

    /// Every file of the bundle but manifest.json and SHA256SUMS.
    pub fn every_file(&self) -> impl Iterator<Item = &File> {
        let compiled = self.variants.iter().flat_map(|variant| &variant.files);
        self.files.iter().chain(self.golden.files()).chain(compiled)
    }

    fn targets(&self) -> Vec<&str> {
        self.variants.iter().map(|variant| variant.target.as_str()).collect()
    }

    /// What the rules of single values leave open.
    fn check(&self) -> Read<()> {
        for (index, variant) in self.variants.iter().enumerate() {
            variant.check(&format!("variants.{index}"))?;
        }
        rules::differ("target", self.targets())?;
        rules::differ("file", self.every_file().map(|file| file.path.as_str()))?;
        self.network.check()?;
        self.golden.check(&self.network)
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
