//! Bundles that are good to read: a good one runs and gives its answers; each way to fail only
//! when a device is chosen, or when it runs, has its error, as tests/golden lists them.
#![cfg(feature = "iree")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::thread;

use ludus_runtime::choose::{self, Opening};
use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Error, Model, Result};
use serde_json::json;

fn read(folder: &Path) -> Arc<Bundle> {
    Arc::new(Bundle::open(Arc::new(Folder::new(folder))).unwrap())
}

fn good() -> Arc<Bundle> {
    read(&common::golden().join("bundle"))
}

fn good_model() -> Model {
    choose::open(&good(), "iree-vmvx").model.unwrap()
}

/// So many golden images, again and again, as the network takes them.
fn images(count: usize) -> Vec<f32> {
    repeated(good().golden(10).unwrap().0, count * 28 * 28)
}

/// Their answers, as the bundle says.
fn answers(count: usize) -> Vec<f32> {
    repeated(good().golden(10).unwrap().1, count * 10)
}

fn repeated(values: Vec<f32>, length: usize) -> Vec<f32> {
    values.into_iter().cycle().take(length).collect()
}

fn near(got: &[f32], expected: &[f32]) -> bool {
    got.len() == expected.len()
        && got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() <= 1e-4)
}

/// What becomes of a bundle that is opened and has its golden images run.
fn fate(bundle: &Path, wanted: &str) -> Result<f32> {
    choose::open(&read(bundle), wanted).model.and_then(|mut model| model.self_test())
}

fn check_cases(when: &str, wanted: &str) {
    let cases = common::cases(when);
    assert!(cases.len() >= 4);
    for case in cases {
        let name = case.text("name");
        if !["", std::env::consts::ARCH].contains(&case.text("only")) {
            eprintln!("skipped, since it is one of {} CPUs: {name}", case.text("only"));
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let bundle = case.make(folder.path()).expect("no links in these");
        let error = fate(&bundle, case.text(wanted)).expect_err(name);
        let words = error.to_string();
        println!("{name}: {}: {words}", error.name());
        assert_eq!(error.name(), case.text("error"), "{name}: {words}");
        let says = words.to_lowercase().contains(&case.text("says").to_lowercase());
        assert!(says, "{name}: {words}");
        assert!(words.contains(bundle.to_str().unwrap()), "{name}: {words}");
    }
}

#[test]
fn what_cannot_be_chosen_is_refused_with_its_own_error() {
    check_cases("choose", "device");
}

#[test]
fn what_cannot_run_is_refused_with_its_own_error() {
    check_cases("run", "target");
}

#[test]
fn another_golden_answer_than_the_first_is_found_by_the_self_test_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    common::edit(&bundle, |manifest| manifest["golden"]["probabilities"][7][0] = json!(0.5));
    let mut model = choose::open(&read(&bundle), "cpu").model.unwrap();
    assert!(matches!(model.self_test(), Err(Error::Golden(_))));
}

#[test]
fn the_good_bundle_gives_its_golden_answers() {
    assert!(good_model().self_test().unwrap() <= 1e-4);
}

#[test]
fn batches_of_any_size_give_the_golden_answers() {
    let mut model = good_model();
    let mut got = Vec::new();
    for count in [1, 2, 3, 5, 17, 300, 1] {
        model.run(&images(count), &mut got).unwrap();
        assert!(near(&got, &answers(count)), "{count} images");
    }
}

#[test]
fn what_is_no_whole_number_of_images_is_refused_and_leaves_no_answers() {
    let mut model = good_model();
    let mut got = vec![1.0];
    for length in [0, 1, 783, 785] {
        let error = model.run(&vec![0.0; length], &mut got).unwrap_err();
        assert!(matches!(&error, Error::Usage(words) if words.contains(&length.to_string())));
        assert!(got.is_empty());
    }
}

#[test]
fn a_model_says_what_runs() {
    let model = good_model();
    assert_eq!((model.target(), model.device()), ("iree-vmvx", "cpu"));
    assert!(!model.device_name().is_empty());
    assert_eq!(model.bundle().manifest.name, "golden");
}

#[test]
fn auto_takes_the_first_variant_that_runs_and_keeps_the_reasons_of_those_before() {
    let Opening { choices, model } = choose::open(&good(), "auto");
    let first = choices.iter().find(|choice| choice.reason.is_none()).unwrap();
    assert_eq!(model.unwrap().target(), first.target);
}

#[test]
fn auto_passes_over_what_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    common::edit(&bundle, |manifest| manifest["variants"][0]["iree_version"] = json!("3.11.0"));
    let Opening { choices, model } = choose::open(&read(&bundle), "auto");
    assert_eq!(model.unwrap().target(), "iree-vmvx");
    assert!(choices[0].reason.as_ref().unwrap().contains("3.11.0"));
    assert_eq!(choices[1].reason, None);
}

#[test]
fn a_variant_of_an_unknown_backend_is_passed_over_and_says_why_it_cannot_run() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    common::edit(&bundle, |manifest| {
        let variant = &mut manifest["variants"][0];
        variant["backend"] = json!("tvm");
        variant["driver"] = json!(null);
        variant["iree_version"] = json!(null);
    });
    let said = "its backend 'tvm' is not one that this version of Ludus knows";
    let Opening { choices, model } = choose::open(&read(&bundle), "auto");
    assert_eq!(model.unwrap().target(), "iree-vmvx");
    let reason = choices[0].reason.as_ref().unwrap();
    assert!(reason.contains(said) && reason.contains("newer"), "{reason}");
    assert!(fate(&bundle, "iree-vmvx").is_ok());
    let error = fate(&bundle, "iree-vulkan").unwrap_err();
    assert!(matches!(&error, Error::Device(words) if words.contains(said)), "{error}");
}

#[test]
fn auto_fails_with_every_reason_where_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    common::edit(&bundle, |manifest| {
        for variant in manifest["variants"].as_array_mut().unwrap() {
            variant["iree_version"] = json!("3.11.0");
        }
    });
    let error = choose::open(&read(&bundle), "auto").model.err().unwrap();
    let words = error.to_string();
    assert!(matches!(error, Error::Device(_)));
    for part in ["auto", "iree-vulkan", "iree-vmvx", "3.11.0"] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn a_named_device_or_variant_never_falls_back() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    common::edit(&bundle, |manifest| manifest["variants"][0]["iree_version"] = json!("3.11.0"));
    for wanted in ["vulkan", "iree-vulkan", "cuda"] {
        let error = fate(&bundle, wanted).unwrap_err();
        assert!(matches!(error, Error::Device(_)), "{wanted}: {error}");
    }
}

#[test]
fn an_unknown_device_is_refused_with_those_there_are() {
    let error = choose::open(&good(), "gpu").model.err().unwrap();
    let words = error.to_string();
    assert!(matches!(error, Error::Usage(_)));
    for part in ["'gpu'", "auto", "cpu", "vulkan", "iree-vmvx"] {
        assert!(words.contains(part), "{words}");
    }
}

#[test]
fn a_batch_larger_than_any_memory_is_refused() {
    for batch in [1_i64 << 40, i64::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = common::good_copy(folder.path());
        common::edit(&bundle, |manifest| {
            manifest["variants"][1]["entry_functions"][0]["batch"] = json!(batch);
        });
        let error = fate(&bundle, "iree-vmvx").unwrap_err();
        assert!(matches!(&error, Error::Device(_)), "{error}");
        assert!(error.to_string().contains(&format!("takes {batch} inputs at once")), "{error}");
    }
}

#[test]
fn models_of_their_own_run_on_threads_of_their_own() {
    let threads: Vec<_> = (1..=4)
        .map(|count| {
            thread::spawn(move || {
                for _ in 0..20 {
                    let mut got = Vec::new();
                    good_model().run(&images(count), &mut got).unwrap();
                    assert!(near(&got, &answers(count)));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
