//! A variant of a bundle on a device: numbers in, numbers out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::batches::{ANY, LARGEST, plan};
use crate::bundle::Bundle;
use crate::device::{self, Device, Kind};
use crate::error::{Error, Result};
use crate::iree;
use crate::iree_version::IREE_VERSION;
use crate::manifest::{EntryFunction, Tensor, Variant};

/// Bytes of a call's input and result together; a manifest that asks for more is refused.
const LARGEST_CALL: u64 = 4 << 30;

/// A variant of a bundle, loaded on a device. A run is for one thread at a time.
pub struct Model {
    module: iree::Module,
    /// By batch, the number in `module` of the function that was prepared for it.
    ready: BTreeMap<usize, usize>,
    /// The images of the last call, where they had to be padded.
    padded: Vec<f32>,
    batches: Vec<i64>,
    variant: Variant,
    kind: &'static Kind,
    place: String,
    bundle: Arc<Bundle>,
    device: Arc<Device>,
}

impl Model {
    /// Load a variant and compute the first golden answer with it.
    pub(crate) fn open(
        bundle: &Arc<Bundle>,
        variant: &Variant,
        kind: &'static Kind,
    ) -> Result<Self> {
        let device = device::open(kind).map_err(Error::Device)?;
        let file = &variant.files[0];
        let place = bundle.place(&file.path);
        let bytes = bundle.read(file)?;
        let module = iree::Module::load(&device.handle, &bytes).map_err(|why| {
            Error::RuntimeVersion(format!(
                "{place} is refused by IREE's runtime {IREE_VERSION}: {}",
                device::explained(&why)
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
            kind,
            place,
            bundle: Arc::clone(bundle),
            device,
        };
        model.check_golden_answers(1)?;
        Ok(model)
    }

    /// The same variant on the same device, for another thread; code and weights are shared.
    ///
    /// Errors: `Device` with the runtime's message.
    pub fn another(&self) -> Result<Self> {
        let module = self.module.another().map_err(|why| failed(&self.place, self.kind, &why))?;
        Ok(Self {
            module,
            ready: BTreeMap::new(),
            padded: Vec::new(),
            batches: self.batches.clone(),
            variant: self.variant.clone(),
            kind: self.kind,
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

    /// The device that it runs on, such as "vulkan".
    pub fn device(&self) -> &str {
        self.kind.name
    }

    /// What the system calls that device.
    pub fn device_name(&self) -> &str {
        &self.device.name
    }

    /// Inputs to answers, each as its tensor's shape says, for a batch of any N >= 1.
    ///
    /// Errors: `Usage` where `images` is no whole number of inputs, `Device` with the runtime's
    /// message; `answers` is empty then.
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
            self.kind.name
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
            .map_err(|why| failed(&self.place, self.kind, &why))
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
        let number = number.map_err(|why| failed(&self.place, self.kind, &why))?;
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

/// A batch whose buffers cannot be allocated would end the process.
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

fn failed(place: &str, kind: &Kind, why: &str) -> Error {
    Error::Device(format!("{place} failed on '{}': {}", kind.name, device::explained(why)))
}
