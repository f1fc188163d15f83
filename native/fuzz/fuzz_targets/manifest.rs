//! Any bytes as a manifest.json: refused with an error, or taken and then written as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ludus_runtime::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(manifest) = Manifest::parse(bytes, "manifest.json") else {
        return;
    };
    assert_eq!(Manifest::parse(manifest.to_json().as_bytes(), "").unwrap(), manifest);
    for variant in &manifest.variants {
        let subset = manifest.subset(&[&variant.target]).unwrap();
        assert_eq!(Manifest::parse(subset.to_json().as_bytes(), "").unwrap(), subset);
    }
});
