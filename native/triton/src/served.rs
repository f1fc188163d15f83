//! The bundle of a model: read, checked against config.pbtxt, opened on a device.

use std::ffi::CString;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ludus_runtime::manifest::{Network, Tensor};
use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Model, choose};
use serde::Deserialize;

use crate::server::{Refusal, Result, log};

/// The input for pictures as files, beside the one that the manifest names.
pub const ENCODED: &str = "encoded_picture";

/// What of Triton's model configuration concerns a bundle.
#[derive(Deserialize)]
struct Config {
    name: String,
    #[serde(default)]
    max_batch_size: i64,
    #[serde(default)]
    input: Vec<Port>,
    #[serde(default)]
    output: Vec<Port>,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Port {
    name: String,
    data_type: String,
    #[serde(default)]
    dims: Vec<i64>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    device: Option<Parameter>,
    /// What clients are told of the network.
    network: Option<Parameter>,
    instances: Option<Parameter>,
    queue: Option<Parameter>,
    timeout: Option<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    string_value: String,
}

/// How much is taken at a time.
pub struct Limits {
    /// Threads that compute.
    pub instances: usize,
    /// Requests that wait.
    pub queue: usize,
    /// That one of them waits.
    pub timeout: Duration,
    /// Images of a request.
    pub max_batch: usize,
}

/// A bundle that is served. Threads compute with models of their own, which share its code.
pub struct Served {
    pub name: String,
    pub version: String,
    pub limits: Limits,
    model: Mutex<Model>,
    /// The output's name.
    pub output: CString,
}

impl Served {
    /// Read the bundle in a folder and open it as a model's configuration (JSON) says.
    pub fn open(folder: &str, config: &[u8]) -> Result<Self> {
        let config: Config = serde_json::from_slice(config).map_err(|why| {
            Refusal::invalid(format!("the configuration of {folder} cannot be read: {why}"))
        })?;
        let bundle = Arc::new(Bundle::open(Arc::new(Folder::new(folder)))?);
        check(&config, &bundle)?;
        let limits = limits(&config)?;
        let device = config.parameters.device.map_or("auto".to_owned(), |it| it.string_value);
        let opening = choose::open(&bundle, &device);
        let model = opening.model?;
        for choice in &opening.choices {
            if let Some(reason) = choice.reason.as_ref().filter(|_| device == "auto") {
                log(&format!("{}: {} cannot run here: {reason}", config.name, choice.target));
            }
        }
        log(&format!(
            "{}: {} {} runs {} on '{}' ({}), asked for '{device}'",
            config.name,
            bundle.manifest.name,
            bundle.manifest.version,
            model.target(),
            model.device(),
            model.device_name(),
        ));
        let output = CString::new(bundle.manifest.network.outputs[0].name.as_str());
        let output = output.map_err(|why| Refusal::invalid(format!("the output's name: {why}")))?;
        let version = folder.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { name: config.name, version, limits, model: Mutex::new(model), output })
    }

    /// A model for one more thread.
    pub fn model(&self) -> Result<Model> {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(model.another()?)
    }
}

/// Compare a configuration with the manifest, of which it is made.
fn check(config: &Config, bundle: &Bundle) -> Result<()> {
    let network = &bundle.manifest.network;
    let (input, output) = (&network.inputs[0], &network.outputs[0]);
    let mut wanted = vec![described(input)];
    if network.preprocess.is_some() {
        wanted.push((ENCODED.to_owned(), "TYPE_STRING".to_owned(), vec![1]));
    }
    same("input", &config.input, &wanted, bundle)?;
    same("output", &config.output, &[described(output)], bundle)?;
    if let Some(told) = &config.parameters.network
        && Network::parse(told.string_value.as_bytes(), "network")? != *network
    {
        return Err(Refusal::invalid(format!(
            "the parameter 'network' of config.pbtxt is not what {} says; let `ludus serve` write \
             it",
            bundle.place("")
        )));
    }
    Ok(())
}

fn limits(config: &Config) -> Result<Limits> {
    let Parameters { instances, queue, timeout, .. } = &config.parameters;
    let max_batch = usize::try_from(config.max_batch_size).unwrap_or(0);
    if max_batch == 0 {
        return Err(Refusal::invalid(format!(
            "max_batch_size is {}, and a bundle's network takes batches; expected 1 or more",
            config.max_batch_size
        )));
    }
    let seconds: f64 = number("timeout", timeout, "seconds, more than 0")?;
    let timeout = Duration::try_from_secs_f64(seconds).ok().filter(|it| !it.is_zero());
    Ok(Limits {
        instances: number::<NonZeroUsize>("instances", instances, "1 or more")?.get(),
        queue: number::<NonZeroUsize>("queue", queue, "1 or more")?.get(),
        timeout: timeout.ok_or_else(|| wrong("timeout", seconds, "seconds, more than 0"))?,
        max_batch,
    })
}

fn number<T: FromStr>(name: &str, given: &Option<Parameter>, expected: &str) -> Result<T> {
    let text = given.as_ref().map_or("missing", |it| it.string_value.as_str());
    text.parse().map_err(|_| wrong(name, text, expected))
}

fn wrong(name: &str, found: impl Display, expected: &str) -> Refusal {
    Refusal::invalid(format!(
        "the parameter '{name}' of config.pbtxt is {found}; expected {expected}; let `ludus serve` \
         write it"
    ))
}

type Described = (String, String, Vec<i64>);

fn described(tensor: &Tensor) -> Described {
    let dims = tensor.lengths().map(|length| length as i64).collect();
    (tensor.name.clone(), "TYPE_FP32".to_owned(), dims)
}

fn same(what: &str, ports: &[Port], wanted: &[Described], bundle: &Bundle) -> Result<()> {
    let as_told = |port: &Port| (port.name.clone(), port.data_type.clone(), port.dims.clone());
    let found: Vec<_> = ports.iter().map(as_told).collect();
    if found == wanted {
        return Ok(());
    }
    Err(Refusal::invalid(format!(
        "config.pbtxt has the {what}s {}, and {} has {}; let `ludus serve` write it",
        listed(&found),
        bundle.place(""),
        listed(wanted)
    )))
}

fn listed(ports: &[Described]) -> String {
    let each = |(name, datatype, dims): &Described| format!("{name} ({datatype} {dims:?})");
    ports.iter().map(each).collect::<Vec<_>>().join(", ")
}
