//! What a bundle is, as dictionaries.

use std::sync::Arc;

use godot::builtin::{Array, GString, PackedInt64Array, PackedStringArray, VarDictionary, vdict};
use godot::meta::ToGodot;
use ludus_runtime::Bundle;
use ludus_runtime::choose::Choice;
use ludus_runtime::iree_version::is_of_this_iree;
use ludus_runtime::manifest::{Driver, Figures, File, Manifest, Preprocess, Tensor, Variant};

use crate::failure::Outcome;
use crate::files;

/// All of a bundle, checked; no device is opened.
pub fn inspect(path: &str) -> VarDictionary {
    match files::open(path) {
        Ok(bundle) => described(&bundle.manifest),
        Err(failure) => vdict! { "error" => failure.message },
    }
}

/// The manifest of a bundle with some of its variants only, as JSON.
pub fn subset(path: &str, targets: &[&str]) -> Outcome<String> {
    let bundle = files::open(path)?;
    Ok(bundle.manifest.subset(targets)?.to_json())
}

/// What open() learnt of each variant, in the bundle's order.
pub fn chosen(bundle: &Arc<Bundle>, choices: &[Choice]) -> Array<VarDictionary> {
    let variants = &bundle.manifest.variants;
    variants.iter().zip(choices).map(|(variant, choice)| about(variant, choice)).collect()
}

fn about(variant: &Variant, choice: &Choice) -> VarDictionary {
    vdict! {
        "target" => choice.target.as_str(),
        "backend" => variant.backend.as_str(),
        "device" => choice.device.as_str(),
        "status" => variant.status().as_str(),
        "runs" => choice.reason.is_none(),
        "reason" => choice.reason.as_deref().unwrap_or_default(),
        "bytes" => bytes(&variant.files),
        "evaluations" => &evaluations(variant),
    }
}

fn described(manifest: &Manifest) -> VarDictionary {
    let variants: Array<VarDictionary> = manifest.variants.iter().map(variant).collect();
    vdict! {
        "error" => "",
        "name" => manifest.name.as_str(),
        "version" => manifest.version.as_str(),
        "inputs" => &tensors(&manifest.network.inputs),
        "outputs" => &tensors(&manifest.network.outputs),
        "labels" => &strings(&manifest.network.labels),
        "preprocess" => &manifest.network.preprocess.as_ref().map(preprocess).unwrap_or_default(),
        "variants" => &variants,
        "files" => &files_of(manifest),
        "revision" => manifest.provenance.revision.as_deref().unwrap_or_default(),
    }
}

fn preprocess(how: &Preprocess) -> VarDictionary {
    let (height, width, channels, fit) = match how {
        Preprocess::Drawing(how) => (how.size, how.size, "grey", "box"),
        Preprocess::Photo(how) => (how.height, how.width, how.channels.as_str(), how.fit.as_str()),
    };
    vdict! {
        "kind" => how.kind(),
        "height" => height as i64,
        "width" => width as i64,
        "channels" => channels,
        "fit" => fit,
    }
}

fn variant(variant: &Variant) -> VarDictionary {
    let paths: PackedStringArray = paths(&variant.files);
    let cpu = variant.cpu.as_ref();
    vdict! {
        "target" => variant.target.as_str(),
        "backend" => variant.backend.as_str(),
        "driver" => variant.driver.map(Driver::as_str).unwrap_or_default(),
        "architecture" => cpu.map(|cpu| cpu.architecture.as_str()).unwrap_or_default(),
        "features" => &cpu.map(|cpu| strings(&cpu.features)).unwrap_or_default(),
        "iree_version" => variant.iree_version.as_deref().unwrap_or_default(),
        "fits" => is_of_this_iree(variant),
        "bytes" => bytes(&variant.files),
        "files" => &paths,
        "status" => variant.status().as_str(),
        "evaluations" => &evaluations(variant),
    }
}

fn evaluations(variant: &Variant) -> Array<VarDictionary> {
    variant.evaluations.iter().map(figures).collect()
}

fn figures(figures: &Figures) -> VarDictionary {
    vdict! {
        "evaluation" => figures.evaluation.as_str(),
        "device" => figures.device.as_str(),
        "status" => figures.status.as_str(),
        "reason" => figures.reason.as_deref().unwrap_or_default(),
        "images" => figures.images,
        "accuracy" => &number(figures.accuracy),
        "agreement" => &number(figures.agreement),
        "max_abs_diff" => &number(figures.max_abs_diff),
    }
}

/// null where it was not measured.
fn number(figure: Option<f64>) -> godot::builtin::Variant {
    figure.map_or_else(godot::builtin::Variant::nil, |figure| figure.to_variant())
}

fn tensors(tensors: &[Tensor]) -> Array<VarDictionary> {
    let each = |tensor: &Tensor| {
        vdict! {
            "name" => tensor.name.as_str(),
            "datatype" => tensor.datatype.as_str(),
            "shape" => &tensor.shape.iter().copied().collect::<PackedInt64Array>(),
        }
    };
    tensors.iter().map(each).collect()
}

/// All but manifest.json and SHA256SUMS.
fn files_of(manifest: &Manifest) -> PackedStringArray {
    manifest.every_file().map(|file| GString::from(&file.path)).collect()
}

fn paths(files: &[File]) -> PackedStringArray {
    files.iter().map(|file| GString::from(&file.path)).collect()
}

fn strings(strings: &[String]) -> PackedStringArray {
    strings.iter().map(GString::from).collect()
}

fn bytes(files: &[File]) -> i64 {
    files.iter().map(|file| file.bytes as i64).sum()
}
