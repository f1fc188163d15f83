//! Which variant of a bundle runs here, and why the others do not.

use std::sync::Arc;

use crate::bundle::Bundle;
use crate::cpu;
use crate::device::{self, Kind};
use crate::error::{Error, Result, near};
use crate::iree_version::{IREE_VERSION, is_of_this_iree};
use crate::manifest::{BACKENDS, Driver, Variant};
use crate::model::Model;

/// A variant of a bundle, the device that it is for, and why it cannot run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The variant's target, such as "iree-vulkan".
    pub target: String,
    /// The device, such as "vulkan".
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

/// Which of a bundle's variants can run, as far as is known without trying any.
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
/// here; a device for the first of that device; or a variant's target, and no other.
///
/// Errors: `Usage` for a name that is none of these, `Device` with every reason where nothing
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
            None => Model::open(bundle, variant, kind),
        };
        match tried {
            Ok(model) => {
                return Opening { choices, model: Ok(model) };
            }
            Err(error) => {
                // Where it is not for this device, the reason of `survey` stays.
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
    let devices = device::KINDS.iter().map(|kind| kind.name);
    let targets = bundle.manifest.variants.iter().map(|variant| variant.target.as_str());
    let known: Vec<_> = ["auto"].into_iter().chain(devices).chain(targets).collect();
    // "gpu" is near "cpu", and is not what its writer means.
    let hint = near(wanted, &known).filter(|name| *name != "cpu");
    let hint = hint.map_or_else(String::new, |name| format!(", did you mean '{name}'?"));
    Error::Usage(format!(
        "'{wanted}' is neither a device nor a variant of {}{hint}; known: {}",
        bundle.place(""),
        known.join(", ")
    ))
}

fn choice(variant: &Variant, kind: &'static Kind, reason: Option<String>) -> Choice {
    Choice { target: variant.target.clone(), device: kind.name.to_owned(), reason }
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
        let other = device::of_driver(kind.driver).name;
        return Some(format!("it is built for the driver '{driver}', not for '{other}'"));
    }
    if !is_of_this_iree(variant) {
        let wanted = variant.iree_version.as_deref().unwrap_or_default();
        return Some(format!("it needs IREE's runtime {wanted}, and {IREE_VERSION} is here"));
    }
    kind.why_not_built().or_else(|| variant.cpu.as_ref().and_then(cpu::why_not))
}
