//! manifest.json: what is taken, what is refused, and what is written again.

use ludus_runtime::Result;
use ludus_runtime::manifest::{Manifest, Preprocess, Status};
use proptest::prelude::*;
use serde_json::{Value, json};

const GOOD: &str = include_str!("../../../tests/golden/bundle/manifest.json");

fn good() -> Value {
    serde_json::from_str(GOOD).unwrap()
}

fn parsed(document: &Value) -> Result<Manifest> {
    Manifest::parse(document.to_string().as_bytes(), "manifest.json")
}

/// What is said of the good manifest with a value in it replaced.
fn fault(pointer: &str, value: Value) -> String {
    let mut document = good();
    *document.pointer_mut(pointer).unwrap() = value;
    parsed(&document).unwrap_err().to_string()
}

#[test]
fn a_manifest_survives_being_written_and_read() {
    let manifest = parsed(&good()).unwrap();
    let text = manifest.to_json();
    assert_eq!(Manifest::parse(text.as_bytes(), "").unwrap(), manifest);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), good());
}

#[test]
fn a_fault_is_told_with_its_place_what_was_expected_and_what_was_got() {
    for (pointer, value, said) in [
        (
            "/variants/1/files/0/bytes",
            json!("many"),
            "variants.1.files.0.bytes: expected a whole number, 0 or larger, got \"many\"",
        ),
        (
            "/variants/1/files/0/bytes",
            json!(-1),
            "variants.1.files.0.bytes: expected a whole number, 0 or larger, got -1",
        ),
        (
            "/preprocess/size",
            json!(u64::MAX),
            "preprocess.size: expected a whole number from 1 to 4294967295, got 18446744073709551615",
        ),
        ("/preprocess/mean", json!([0]), "preprocess.mean: expected a number, got a list"),
        ("/floors/accuracy", json!(2), "floors.accuracy: expected a number from 0 to 1, got 2"),
        (
            "/golden/max_abs_diff",
            json!(-0.5),
            "golden.max_abs_diff: expected a number, 0 or larger, got -0.5",
        ),
        (
            "/variants/0/driver",
            json!("vulcan"),
            "variants.0.driver: unknown value 'vulcan', did you mean 'vulkan'?",
        ),
        ("/variants", json!([]), "variants: expected at least one entry, got none"),
        ("/provenance", json!(null), "provenance: expected an object, got null"),
        (
            "/provenance/versions/torch",
            json!(2),
            "provenance.versions.torch: expected a string, got 2",
        ),
        (
            "/preprocess/box",
            json!(true),
            "preprocess.box: expected a whole number from 1 to 4294967295, got true",
        ),
        ("/variants/0/driver", json!(null), "variants.0: 'iree-vulkan' needs a driver"),
    ] {
        let fault = fault(pointer, value);
        assert!(fault.starts_with(&format!("manifest.json: {said}")), "{fault}");
    }
}

#[test]
fn an_unknown_key_is_told_with_the_nearest() {
    let mut document = good();
    document["variants"][0]["diver"] = json!("vulkan");
    let fault = parsed(&document).unwrap_err().to_string();
    assert_eq!(fault, "manifest.json: variants.0.diver: unknown key, did you mean 'driver'?");
}

#[test]
fn of_an_unknown_backend_all_but_the_name_is_checked() {
    let mut document = good();
    document["variants"][0]["backend"] = json!("tvm");
    let manifest = parsed(&document).unwrap();
    assert_eq!(manifest.variants[0].backend, "tvm");
    assert_eq!(serde_json::from_str::<Value>(&manifest.to_json()).unwrap(), document);
    document["variants"][0]["tuning"] = json!(1);
    let fault = parsed(&document).unwrap_err().to_string();
    assert!(fault.starts_with("manifest.json: variants.0.tuning: unknown key"), "{fault}");
}

#[test]
fn a_fault_shows_no_more_than_a_few_words_of_a_long_value() {
    let fault = fault("/preprocess/invert", json!("é\n".repeat(1 << 20)));
    assert!(fault.len() < 400, "{} bytes", fault.len());
    assert!(!fault.contains('\n'));
}

#[test]
fn what_is_no_utf8_is_no_json() {
    for bytes in
        [&b"\xff\xfe{}"[..], b"{\"schema_version\": 1, \"name\": \"\xff\"}", b"\xef\xbb\xbf{}"]
    {
        let error = Manifest::parse(bytes, "manifest.json").unwrap_err();
        assert_eq!(error.name(), "ManifestError");
        assert!(error.to_string().starts_with("manifest.json is no JSON: "), "{error}");
    }
}

#[test]
fn what_may_be_left_out_is_as_null_or_empty() {
    let mut document = good();
    let variant = document["variants"][1].as_object_mut().unwrap();
    variant.remove("cpu");
    variant.remove("evaluations");
    variant["backend"] = json!("onnx");
    variant.remove("driver");
    variant.remove("iree_version");
    let manifest = parsed(&document).unwrap();
    let variant = &manifest.variants[1];
    assert_eq!((variant.driver, &variant.iree_version, &variant.cpu), (None, &None, &None));
    assert!(variant.evaluations.is_empty());
    assert_eq!(variant.status(), Status::NotRun);
}

#[test]
fn buffers_are_read_and_written_only_where_there_are_any() {
    let mut document = good();
    assert!(!parsed(&document).unwrap().to_json().contains("buffers"));
    let buffers = json!({"result": [4, 10], "transients": 2400});
    document["variants"][1]["entry_functions"][1]["buffers"] = buffers;
    let manifest = parsed(&document).unwrap();
    let buffers = manifest.variants[1].entry_functions[1].buffers.as_ref().unwrap();
    assert_eq!((&buffers.result[..], buffers.transients), (&[4, 10][..], 2400));
    assert_eq!(serde_json::from_str::<Value>(&manifest.to_json()).unwrap(), document);
}

#[test]
fn a_status_is_failed_if_any_is_or_else_the_best() {
    for (statuses, expected) in [
        (&["verified", "failed"][..], "failed"),
        (&["not run", "verified"], "verified"),
        (&["not run", "attested"], "attested"),
        (&["attested", "verified"], "verified"),
        (&["not run"], "not run"),
        (&[], "not run"),
    ] {
        let mut document = good();
        let figures = document["variants"][1]["evaluations"][0].clone();
        let with = |status: &&str| {
            let mut figures = figures.clone();
            figures["status"] = json!(status);
            figures
        };
        document["variants"][1]["evaluations"] = statuses.iter().map(with).collect();
        assert_eq!(
            parsed(&document).unwrap().variants[1].status().as_str(),
            expected,
            "{statuses:?}"
        );
    }
}

/// Whether the good manifest with its model card at this path is taken.
fn taken(path: &str) -> bool {
    let mut document = good();
    document["files"][0]["path"] = json!(path);
    parsed(&document).is_ok()
}

/// The rule of ludus/bundle/schema.py, said in another way.
fn plainly_inside(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    let begins_well = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']);
    path.chars().all(plain) && path.split('/').all(begins_well)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_path_is_taken_if_and_only_if_it_is_plainly_inside(path in "[a.A/_0-]{0,8}") {
        prop_assert_eq!(taken(&path), plainly_inside(&path));
    }

    #[test]
    fn of_any_text_only_a_path_plainly_inside_is_taken(path in any::<String>()) {
        prop_assert_eq!(taken(&path), plainly_inside(&path));
    }

    #[test]
    fn a_path_that_is_taken_stays_inside(path in "[a./\\\\:0-]{0,8}") {
        if taken(&path) {
            let normal = |part| matches!(part, std::path::Component::Normal(_));
            prop_assert!(std::path::Path::new(&path).components().all(normal));
        }
    }

    #[test]
    fn any_number_survives_being_written_and_read(scale in any::<f64>()) {
        prop_assume!(scale.is_finite());
        let mut document = good();
        document["preprocess"]["scale"] = json!(scale);
        let manifest = parsed(&document).unwrap();
        let Some(Preprocess::Drawing(how)) = &manifest.network.preprocess else { panic!("of drawings") };
        prop_assert_eq!(how.scale.to_bits(), scale.to_bits());
        prop_assert_eq!(Manifest::parse(manifest.to_json().as_bytes(), "").unwrap(), manifest);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in any::<Vec<u8>>()) {
        prop_assert!(Manifest::parse(&bytes, "manifest.json").is_err());
    }
}
