//! A bundle opened on a device: numbers in, numbers out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batches::{LARGEST, plan};
use crate::bundle::Bundle;
use crate::cpu;
use crate::device::{self, Device, Kind};
use crate::error::{Error, Result, near};
use crate::iree;
use crate::manifest::{BACKENDS, Driver, EntryFunction, Tensor, Variant};

/// The IREE whose runtime is compiled in.
pub const IREE_VERSION: &str = "3.13.0";

/// Any number of images, in an entry function's `batch`.
const ANY: i64 = -1;

/// Of a call's input and result together, bytes: what no honest batch has, and no game can spare.
const LARGEST_CALL: u64 = 4 << 30;

/// A variant of a bundle, the device that it is for, and why it cannot run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The variant's target, such as "iree-vulkan".
    pub target: String,
    /// A device word, such as "vulkan".
    pub device: String,
    /// None where it can run, as far as is known without trying.
    pub reason: Option<String>,
}

/// What came of opening a bundle: the model or an error, and what is known of each variant.
pub struct Opening {
    /// In the bundle's order.
    pub choices: Vec<Choice>,
    /// The first variant that computed rightly.
    pub model: Result<Model>,
}

/// What can be said of a bundle's variants without trying any.
pub fn survey(bundle: &Bundle) -> Vec<Choice> {
    let about = |variant: &Variant| {
        let kind = device::of_driver(variant.driver.unwrap_or(Driver::Cpu));
        choice(variant, kind, why_not(variant, kind))
    };
    bundle.manifest.variants.iter().map(about).collect()
}

/// Open a bundle.
///
/// wanted: "auto" for the first variant, in the bundle's order, that computes a golden answer
/// here; a device word for the first of that device; or a variant's target, and no other.
///
/// Errors: `Usage` for a word that is none of these, `Device` with every reason where nothing
/// runs; of a variant that was named, its own error.
pub fn open(bundle: &Arc<Bundle>, wanted: &str) -> Opening {
    let variants = &bundle.manifest.variants;
    let named = variants.iter().any(|variant| variant.target == wanted);
    let kind = device::kind(wanted);
    let mut choices = survey(bundle);
    if wanted != "auto" && kind.is_none() && !named {
        return Opening { choices, model: Err(unknown(bundle, wanted)) };
    }
    let mut errors = Vec::new();
    for (variant, choice) in variants.iter().zip(&mut choices) {
        let wanted = match kind {
            _ if named => variant.target == wanted,
            Some(kind) => variant.driver == Some(kind.driver),
            None => true,
        };
        if !wanted {
            continue;
        }
        let kind = kind.unwrap_or_else(|| device::of_driver(variant.driver.unwrap_or(Driver::Cpu)));
        let reason = why_not(variant, kind);
        let tried = match &reason {
            Some(reason) => Err(Error::Device(reason.clone())),
            None => Model::try_open(bundle, variant, kind),
        };
        match tried {
            Ok(model) => {
                return Opening { choices, model: Ok(model) };
            }
            Err(error) => {
                // Of a device that it is not for, a variant keeps what was said before.
                if reason.is_none() {
                    choice.reason = Some(error.to_string());
                }
                errors.push((variant.target.as_str(), error));
            }
        }
    }
    let model = Err(refusal(bundle, wanted, named, errors));
    Opening { choices, model }
}

fn refusal(bundle: &Bundle, wanted: &str, named: bool, errors: Vec<(&str, Error)>) -> Error {
    let place = bundle.place("");
    if let (true, [(target, error)]) = (named, errors.as_slice()) {
        return match error {
            Error::Device(why) => Error::Device(format!("{place}: {target} cannot run: {why}")),
            other => other.clone(),
        };
    }
    if errors.is_empty() {
        let each = |variant: &Variant| {
            let driver: Option<&str> = variant.driver.map(Driver::as_str);
            format!("{} ({})", variant.target, driver.unwrap_or(&variant.backend))
        };
        let others: Vec<_> = bundle.manifest.variants.iter().map(each).collect();
        let others = others.join(", ");
        return Error::Device(format!("no variant of {place} is for '{wanted}'; it has {others}"));
    }
    let lines: String =
        errors.iter().map(|(target, error)| format!("\n  {target}: {error}")).collect();
    Error::Device(format!("no variant of {place} runs on '{wanted}':{lines}"))
}

fn unknown(bundle: &Bundle, wanted: &str) -> Error {
    let devices = device::KINDS.iter().map(|kind| kind.word);
    let targets = bundle.manifest.variants.iter().map(|variant| variant.target.as_str());
    let known: Vec<_> = ["auto"].into_iter().chain(devices).chain(targets).collect();
    // Who writes "gpu" does not mean "cpu".
    let hint = near(wanted, &known).filter(|word| *word != "cpu");
    let hint = hint.map_or_else(String::new, |word| format!(", did you mean '{word}'?"));
    Error::Usage(format!(
        "'{wanted}' is neither a device nor a variant of {}{hint}; known: {}",
        bundle.place(""),
        known.join(", ")
    ))
}

fn choice(variant: &Variant, kind: &'static Kind, reason: Option<String>) -> Choice {
    Choice { target: variant.target.clone(), device: kind.word.to_owned(), reason }
}

/// Why a variant cannot run on a device, as far as is known without trying.
fn why_not(variant: &Variant, kind: &'static Kind) -> Option<String> {
    let backend = variant.backend.as_str();
    if !BACKENDS.contains(&backend) {
        return Some(format!(
            "its backend '{backend}' is not one that this version of Ludus knows ({}); a newer one \
             may",
            BACKENDS.join(", ")
        ));
    }
    if backend != "iree" {
        return Some(format!("it is for {backend}, and this runs IREE's modules"));
    }
    if let Some(driver) = variant.driver.filter(|driver| *driver != kind.driver) {
        let word = device::of_driver(kind.driver).word;
        return Some(format!("it is built for the driver '{driver}', not for '{word}'"));
    }
    if !is_of_this_iree(variant) {
        let wanted = variant.iree_version.as_deref().unwrap_or_default();
        return Some(format!("it needs IREE's runtime {wanted}, and {IREE_VERSION} is here"));
    }
    kind.why_not_built().or_else(|| variant.cpu.as_ref().and_then(cpu::why_not))
}

/// Whether it is a module of IREE's that the runtime compiled in can read.
pub fn is_of_this_iree(variant: &Variant) -> bool {
    variant.iree_version.as_deref().map(minor) == Some(minor(IREE_VERSION))
}

/// IREE's modules run in the runtime of their own minor version alone.
fn minor(version: &str) -> Vec<&str> {
    version.split('.').take(2).collect()
}

/// A variant of a bundle, loaded on a device. A run is for one thread at a time.
pub struct Model {
    module: iree::Module,
    /// The number in `module` of the function that was made ready for so many images.
    ready: BTreeMap<usize, usize>,
    /// The images of the last call, where they had to be padded.
    padded: Vec<f32>,
    batches: Vec<i64>,
    variant: Variant,
    word: &'static str,
    place: String,
    bundle: Arc<Bundle>,
    device: Arc<Device>,
}

impl Model {
    /// Load a variant and compute the first golden answer with it.
    fn try_open(bundle: &Arc<Bundle>, variant: &Variant, kind: &'static Kind) -> Result<Self> {
        let device = device::open(kind).map_err(Error::Device)?;
        let file = &variant.files[0];
        let place = bundle.place(&file.path);
        let bytes = bundle.read(file)?;
        let module = iree::Module::load(&device.handle, &bytes).map_err(|why| {
            Error::RuntimeVersion(format!(
                "{place} is refused by IREE's runtime {IREE_VERSION}: {}",
                device::in_words(&why)
            ))
        })?;
        for entry in &variant.entry_functions {
            check_batch(entry, bundle, &place)?;
            if !module.has(&entry.name) {
                return Err(Error::Manifest(format!(
                    "{place} has no entry function '{}', which its variant names",
                    entry.name
                )));
            }
        }
        let mut model = Self {
            module,
            ready: BTreeMap::new(),
            padded: Vec::new(),
            batches: variant.entry_functions.iter().map(|entry| entry.batch).collect(),
            variant: variant.clone(),
            word: kind.word,
            place,
            bundle: Arc::clone(bundle),
            device,
        };
        model.check_golden_answers(1)?;
        Ok(model)
    }

    /// The same variant on the same device, for another thread; code and weights are shared.
    ///
    /// Errors: `Device` with the runtime's words.
    pub fn another(&self) -> Result<Self> {
        let module = self.module.another().map_err(|why| failed(&self.place, self.word, &why))?;
        Ok(Self {
            module,
            ready: BTreeMap::new(),
            padded: Vec::new(),
            batches: self.batches.clone(),
            variant: self.variant.clone(),
            word: self.word,
            place: self.place.clone(),
            bundle: Arc::clone(&self.bundle),
            device: Arc::clone(&self.device),
        })
    }

    /// The most images that one call of its module takes.
    pub fn largest_batch(&self) -> usize {
        let sizes = self.batches.iter().map(|&size| usize::try_from(size).unwrap_or(LARGEST));
        sizes.max().unwrap_or(LARGEST)
    }

    /// The bundle that it is of.
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// The target of the variant that runs.
    pub fn target(&self) -> &str {
        &self.variant.target
    }

    /// The word of the device that it runs on.
    pub fn device(&self) -> &str {
        self.word
    }

    /// What the system calls that device.
    pub fn device_name(&self) -> &str {
        &self.device.name
    }

    /// Inputs to answers, each as its tensor's shape says, for a batch of any N >= 1.
    ///
    /// Errors: `Usage` where `images` is no whole number of inputs, `Device` with the runtime's
    /// words; `answers` is empty then.
    pub fn run(&mut self, images: &[f32], answers: &mut Vec<f32>) -> Result<()> {
        answers.clear();
        let (per_image, per_answer) = (self.input().values(), self.output().values());
        if images.is_empty() || !images.len().is_multiple_of(per_image) {
            return Err(Error::Usage(format!(
                "{} values are no whole number of inputs, each has {per_image}",
                images.len()
            )));
        }
        let count = images.len() / per_image;
        // Room for what the padding of the last batch gives, too.
        let batches = plan(count, &self.batches);
        answers.resize(batches.iter().sum::<usize>() * per_answer, 0.0);
        let (mut rest, mut places) = (images, answers.as_mut_slice());
        for batch in batches {
            let (part, later) = rest.split_at((batch * per_image).min(rest.len()));
            let (place, after) = places.split_at_mut(batch * per_answer);
            if let Err(error) = self.call(batch, part, place) {
                answers.clear();
                return Err(error);
            }
            (rest, places) = (later, after);
        }
        answers.truncate(count * per_answer);
        Ok(())
    }

    /// Compute all golden answers. Returns the largest difference; `Golden` if that is too large.
    pub fn self_test(&mut self) -> Result<f32> {
        self.check_golden_answers(self.bundle.manifest.golden_count())
    }

    fn check_golden_answers(&mut self, count: usize) -> Result<f32> {
        let bundle = Arc::clone(&self.bundle);
        let allowed = bundle.manifest.golden.max_abs_diff();
        let (inputs, expected) = bundle.golden(count)?;
        let mut answers = Vec::new();
        self.run(&inputs, &mut answers)?;
        let pairs = answers.iter().zip(&expected);
        // Not f32::max, which passes over a NaN.
        let difference = pairs.fold(0.0_f32, |largest, (got, expected)| {
            let difference = (got - expected).abs();
            if difference > largest || difference.is_nan() { difference } else { largest }
        });
        // `largest` stays a NaN once it is one: no number is above it.
        if f64::from(difference) <= allowed {
            return Ok(difference);
        }
        Err(Error::Golden(format!(
            "{}: {} on '{}' differs from the golden answers by {difference}, more than {allowed}",
            bundle.place(""),
            self.target(),
            self.word
        )))
    }

    /// Run one batch; `images` may be fewer than it takes.
    fn call(&mut self, batch: usize, images: &[f32], answers: &mut [f32]) -> Result<()> {
        let number = match self.ready.get(&batch) {
            Some(number) => *number,
            None => self.make_ready(batch)?,
        };
        let wanted = batch * self.input().values();
        let images = if images.len() == wanted {
            images
        } else {
            self.padded.clear();
            self.padded.extend_from_slice(images);
            self.padded.resize(wanted, 0.0);
            &self.padded
        };
        self.module
            .call(number, images, answers)
            .map_err(|why| failed(&self.place, self.word, &why))
    }

    fn make_ready(&mut self, batch: usize) -> Result<usize> {
        let entry = self.entry(batch);
        let (name, buffers) = (entry.name.clone(), entry.buffers.clone());
        let shape = |tensor: &Tensor| [batch].into_iter().chain(tensor.lengths()).collect();
        let (input, result): (Vec<_>, Vec<_>) = (shape(self.input()), shape(self.output()));
        let number = match buffers {
            Some(given) => {
                self.module.prepare_fenced(&name, &input, &result, given.transients as usize)
            }
            None => self.module.prepare(&name, &input, &result),
        };
        let number = number.map_err(|why| failed(&self.place, self.word, &why))?;
        self.ready.insert(batch, number);
        Ok(number)
    }

    /// The entry function for a batch of the plan.
    fn entry(&self, batch: usize) -> &EntryFunction {
        let entries = &self.variant.entry_functions;
        let fitting = |wanted: i64| entries.iter().find(move |entry| entry.batch == wanted);
        fitting(batch as i64).or_else(|| fitting(ANY)).expect("planned from these batches")
    }

    fn input(&self) -> &Tensor {
        &self.bundle.manifest.network.inputs[0]
    }

    fn output(&self) -> &Tensor {
        &self.bundle.manifest.network.outputs[0]
    }
}

/// A batch whose buffers cannot be had would end the process.
fn check_batch(entry: &EntryFunction, bundle: &Bundle, place: &str) -> Result<()> {
    let [input, output] = [&bundle.manifest.network.inputs[0], &bundle.manifest.network.outputs[0]]
        .map(|tensor| tensor.values() as u64 * size_of::<f32>() as u64);
    let batch = entry.batch.max(1) as u64;
    match input.checked_add(output).and_then(|each| each.checked_mul(batch)) {
        Some(bytes) if bytes <= LARGEST_CALL => Ok(()),
        _ => Err(Error::Device(format!(
            "{place} takes {batch} inputs at once in '{}', which with their answers need more than \
             {LARGEST_CALL} bytes",
            entry.name
        ))),
    }
}

fn failed(place: &str, word: &str, why: &str) -> Error {
    Error::Device(format!("{place} failed on '{word}': {}", device::in_words(why)))
}
