//! A bundle of any network: tensors as golden data, labels and preprocess only where it has them.
#![cfg(feature = "iree")]

mod common;

use std::path::Path;
use std::sync::Arc;

use ludus_runtime::manifest::{Manifest, Preprocess};
use ludus_runtime::picture::Picture;
use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Error, Model, choose, preprocess};
use serde_json::{Value, json};

const VALUES: usize = 3 * 8 * 8;
const ANSWERS: usize = 4 * 5;

fn read(folder: &Path) -> Arc<Bundle> {
    Arc::new(Bundle::open(Arc::new(Folder::new(folder))).unwrap())
}

fn good() -> Arc<Bundle> {
    read(&common::golden().join("tensor-bundle"))
}

fn opened() -> Model {
    choose::open(&good(), "iree-vmvx").model.unwrap()
}

/// A copy of the good bundle with its manifest changed.
fn changed(change: impl FnOnce(&mut Value)) -> Arc<Bundle> {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::copy_of("tensor-bundle", folder.path());
    common::edit(&bundle, change);
    read(&bundle)
}

#[test]
fn it_is_read_and_written_as_it_is() {
    let manifest = &good().manifest;
    assert!(manifest.network.labels.is_empty());
    assert_eq!(
        (manifest.network.inputs[0].values(), manifest.network.outputs[0].values()),
        (VALUES, ANSWERS)
    );
    assert_eq!(manifest.golden_count(), 6);
    assert_eq!(&Manifest::parse(manifest.to_json().as_bytes(), "").unwrap(), manifest);
    assert_eq!(&manifest.subset(&["iree-vmvx", "iree-vulkan"]).unwrap(), manifest);
}

#[test]
fn it_gives_its_golden_answers() {
    assert!(opened().self_test().unwrap() <= 1e-4);
}

#[test]
fn batches_of_any_size_give_the_golden_answers() {
    let (inputs, expected) = good().golden(6).unwrap();
    assert_eq!((inputs.len(), expected.len()), (6 * VALUES, 6 * ANSWERS));
    let mut model = opened();
    let mut got = Vec::new();
    for count in 1..=6 {
        model.run(&inputs[..count * VALUES], &mut got).unwrap();
        let near = |(got, expected): (&f32, &f32)| (got - expected).abs() <= 1e-4;
        assert!(got.len() == count * ANSWERS && got.iter().zip(&expected).all(near), "{count}");
    }
    let error = model.run(&inputs[1..], &mut got).unwrap_err();
    assert!(matches!(&error, Error::Usage(words) if words.contains("each has 192")), "{error}");
}

#[test]
fn a_photo_becomes_its_input() {
    let bundle = good();
    let how = bundle.manifest.network.preprocess.as_ref().unwrap();
    assert!(matches!(how, Preprocess::Photo(_)));
    let white = Picture { width: 20, height: 9, rgba: vec![255; 20 * 9 * 4] };
    let input = preprocess::preprocess(&white, how).unwrap();
    assert_eq!(input.len(), VALUES);
    assert!((input[0] - (1.0 - 0.485) / 0.229).abs() < 1e-5);
    opened().run(&input, &mut Vec::new()).unwrap();
}

#[test]
fn one_without_preprocess_is_read_and_runs() {
    let bundle = changed(|manifest| manifest["preprocess"] = json!(null));
    assert_eq!(bundle.manifest.network.preprocess, None);
    let manifest = Manifest::parse(bundle.manifest.to_json().as_bytes(), "").unwrap();
    assert_eq!(manifest, bundle.manifest);
    let folder = tempfile::tempdir().unwrap();
    let path = common::copy_of("tensor-bundle", folder.path());
    common::edit(&path, |manifest| manifest["preprocess"] = json!(null));
    choose::open(&read(&path), "cpu").model.unwrap().self_test().unwrap();
}

#[test]
fn labels_are_of_the_last_dimension() {
    let labels = json!(["a", "b", "c", "d", "e"]);
    let bundle = changed(|manifest| manifest["labels"] = labels.clone());
    assert_eq!(json!(bundle.manifest.network.labels), labels);
}

#[test]
fn a_network_of_one_batch_alone_is_read() {
    let bundle = changed(|manifest| {
        manifest["inputs"][0]["shape"][0] = json!(1);
        manifest["outputs"][0]["shape"][0] = json!(1);
    });
    assert_eq!(
        (bundle.manifest.network.inputs[0].values(), bundle.manifest.golden_count()),
        (VALUES, 6)
    );
}

#[test]
fn variants_of_runtimes_that_are_not_here_are_read_and_say_why_they_cannot_run() {
    let bundle = changed(|manifest| {
        let variants = manifest["variants"].as_array_mut().unwrap();
        variants[0]["backend"] = json!("xla");
        variants[0]["driver"] = json!(null);
        variants[1]["iree_version"] = json!("20240828.999");
        variants[1]["cpu"] = json!({"architecture": "riscv64", "features": []});
    });
    let reasons: Vec<_> =
        choose::survey(&bundle).into_iter().map(|choice| choice.reason.unwrap()).collect();
    assert!(reasons[0].contains("it is for xla"), "{reasons:?}");
    assert!(reasons[1].contains("it needs IREE's runtime 20240828.999"), "{reasons:?}");
}

#[test]
fn shapes_of_more_values_than_there_are_bytes_are_refused() {
    for shape in [json!([-1, i64::MAX]), json!([-1, 1_i64 << 31, 1_i64 << 31])] {
        let text = std::fs::read(common::golden().join("tensor-bundle/manifest.json")).unwrap();
        let mut manifest: Value = serde_json::from_slice(&text).unwrap();
        manifest["preprocess"] = json!(null);
        manifest["inputs"][0]["shape"] = shape;
        let error = Manifest::parse(manifest.to_string().as_bytes(), "manifest.json").unwrap_err();
        assert!(error.to_string().contains("inputs.0.shape"), "{error}");
    }
}
