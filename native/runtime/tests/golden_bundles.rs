//! Bundles: a good one is read; each way to be bad has its error, as tests/golden lists them.

mod common;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Error, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

fn open(folder: &Path) -> Result<Bundle> {
    Bundle::open(Arc::new(Folder::new(folder)))
}

fn refused(folder: &Path) -> Error {
    open(folder).err().expect("reading found nothing wrong")
}

fn good() -> Bundle {
    open(&common::golden().join("bundle")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_bad_bundle_is_refused_with_its_own_error() {
    let cases = common::cases("read");
    assert!(cases.len() > 60);
    let mut faults = Vec::new();
    for case in cases {
        let name = case.text("name");
        let folder = tempfile::tempdir().unwrap();
        let Some(bundle) = case.make(folder.path()) else {
            eprintln!("skipped, since this system has no symbolic links: {name}");
            continue;
        };
        match open(&bundle) {
            Ok(_) => faults.push(format!("{name}: reading found nothing wrong")),
            Err(error) => {
                let text = error.to_string();
                println!("{name}: {}: {text}", error.name());
                if error.name() != case.text("error") || !text.contains(case.text("says")) {
                    faults.push(format!("{name}: {}: {text}", error.name()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_good_bundle_is_read() {
    let bundle = good();
    let targets: Vec<_> = bundle.manifest.variants.iter().map(|variant| &variant.target).collect();
    assert_eq!(targets, ["iree-vulkan", "iree-vmvx"]);
    let (images, answers) = bundle.golden(10).unwrap();
    assert_eq!((images.len(), answers.len()), (10 * 28 * 28, 10 * 10));
}

#[test]
fn a_bundle_without_sums_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    fs::remove_file(bundle.join("SHA256SUMS")).unwrap();
    open(&bundle).unwrap();
}

#[test]
fn sums_with_the_line_ends_of_windows_in_another_order_agree() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    let sums = fs::read_to_string(bundle.join("SHA256SUMS")).unwrap();
    let lines: String = sums.lines().rev().map(|line| format!("{line}\r\n")).collect();
    fs::write(bundle.join("SHA256SUMS"), lines).unwrap();
    open(&bundle).unwrap();
}

#[test]
fn what_is_no_folder_is_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for name in ["nothing", "file"] {
        let error = refused(&folder.path().join(name));
        assert_eq!(error.name(), "ManifestError");
        assert!(error.to_string().contains("is this a bundle?"), "{error}");
    }
}

#[test]
fn a_bundle_may_be_reached_through_a_link() {
    #[cfg(unix)]
    {
        let folder = tempfile::tempdir().unwrap();
        let target = common::golden().join("bundle").canonicalize().unwrap();
        std::os::unix::fs::symlink(target, folder.path().join("link")).unwrap();
        open(&folder.path().join("link")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_inside_is_that_file() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    let card = fs::read(bundle.join("README.md")).unwrap();
    common::edit(&bundle, |manifest| {
        let file = json!({"path": "CARD.md", "bytes": card.len(), "sha256": sha256(&card)});
        manifest["files"].as_array_mut().unwrap().push(file);
    });
    fs::remove_file(bundle.join("SHA256SUMS")).unwrap();
    std::os::unix::fs::symlink("README.md", bundle.join("CARD.md")).unwrap();
    open(&bundle).unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_file_and_is_not_waited_for() {
    for path in ["README.md", "manifest.json"] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = common::good_copy(folder.path());
        fs::remove_file(bundle.join(path)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(bundle.join(path)).status().unwrap();
        assert!(made.success());
        assert!(refused(&bundle).to_string().contains(path));
    }
}

#[test]
fn a_file_far_longer_than_said_is_not_read() {
    for (path, expected) in [
        ("golden/images.bin", "FileSizeError"),
        ("manifest.json", "ManifestError"),
        ("SHA256SUMS", "ChecksumError"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = common::good_copy(folder.path());
        let file = File::options().write(true).open(bundle.join(path)).unwrap();
        file.set_len(1 << 40).unwrap(); // with a hole, so that the disk does not feel it
        let error = refused(&bundle);
        assert_eq!(error.name(), expected);
        assert!(error.to_string().contains("has 1099511627776 bytes"), "{error}");
    }
}

#[test]
fn of_two_faults_the_first_in_the_manifest_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = common::good_copy(folder.path());
    for path in ["README.md", "golden/images.bin", "variants/iree-vmvx/model.vmfb"] {
        let bytes = fs::read(bundle.join(path)).unwrap();
        fs::write(bundle.join(path), vec![0; bytes.len()]).unwrap();
    }
    assert!(refused(&bundle).to_string().contains("README.md has the sha256"));
}

/// Adds a second file to the second variant, whose own sha256 is of what `together` gives.
fn with_two_files(folder: &Path, together: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Result<Bundle> {
    let bundle = common::good_copy(folder);
    let (path, more) = ("variants/iree-vmvx/more.bin", b"more");
    let module = fs::read(bundle.join("variants/iree-vmvx/model.vmfb")).unwrap();
    fs::write(bundle.join(path), more).unwrap();
    fs::remove_file(bundle.join("SHA256SUMS")).unwrap();
    common::edit(&bundle, |manifest| {
        let variant = &mut manifest["variants"][1];
        let file = json!({"path": path, "bytes": more.len(), "sha256": sha256(more)});
        variant["files"].as_array_mut().unwrap().push(file);
        variant["sha256"] = json!(sha256(&together(&module, more)));
    });
    open(&bundle)
}

#[test]
fn a_variant_of_two_files_has_the_sha256_of_both_in_order() {
    let folder = tempfile::tempdir().unwrap();
    with_two_files(folder.path(), |module, more| [module, more].concat()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backwards = with_two_files(folder.path(), |module, more| [more, module].concat());
    assert_eq!(backwards.err().unwrap().name(), "ChecksumError");
}

#[test]
fn what_is_read_is_what_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = common::good_copy(folder.path());
    let bundle = open(&path).unwrap();
    let file = &bundle.manifest.variants[1].files[0];
    let module = path.join(&file.path);
    let bytes = fs::read(&module).unwrap();
    assert_eq!(bundle.read(file).unwrap(), bytes);

    let mut changed = bytes.clone();
    changed[20_000] ^= 1;
    fs::write(&module, changed).unwrap();
    assert_eq!(bundle.read(file).unwrap_err().name(), "ChecksumError");
    fs::write(&module, &bytes[1..]).unwrap();
    assert_eq!(bundle.read(file).unwrap_err().name(), "FileSizeError");
    fs::remove_file(&module).unwrap();
    assert_eq!(bundle.read(file).unwrap_err().name(), "MissingFileError");
}

#[test]
fn an_unknown_variant_is_told_with_the_nearest() {
    let bundle = good();
    assert_eq!(bundle.variant("iree-vmvx").unwrap().target, "iree-vmvx");
    let error = bundle.variant("iree-vmx").unwrap_err();
    assert_eq!(error.name(), "UsageError");
    assert!(error.to_string().contains("no variant 'iree-vmx', did you mean 'iree-vmvx'?"));
}

/// A copy of the good bundle with the manifest of one variant, and the files that it names.
fn exported(folder: &Path) -> std::path::PathBuf {
    let bundle = common::good_copy(folder);
    let subset = good().manifest.subset(&["iree-vmvx"]).unwrap();
    fs::write(bundle.join("manifest.json"), subset.to_json()).unwrap();
    fs::remove_file(bundle.join("SHA256SUMS")).unwrap();
    fs::remove_dir_all(bundle.join("variants/iree-vulkan")).unwrap();
    bundle
}

#[test]
fn a_subset_with_its_files_is_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = open(&exported(folder.path())).unwrap();
    assert_eq!(bundle.manifest.variants, good().manifest.variants[1..]);
    assert_eq!(bundle.manifest.golden, good().manifest.golden);
}

#[test]
fn a_subset_is_in_the_bundle_s_order_whatever_order_is_asked() {
    let manifest = good().manifest;
    assert_eq!(manifest.subset(&["iree-vmvx", "iree-vulkan"]).unwrap(), manifest);
}

#[test]
fn a_subset_of_nothing_or_of_what_there_is_not_is_refused() {
    let manifest = good().manifest;
    let error = manifest.subset(&["iree-vmvx", "iree-vulcan"]).unwrap_err();
    assert_eq!(error.name(), "UsageError");
    assert!(error.to_string().contains("did you mean 'iree-vulkan'?"), "{error}");
    let error = manifest.subset(&[]).unwrap_err();
    assert_eq!(error.name(), "UsageError");
    assert!(error.to_string().contains("iree-vulkan, iree-vmvx"), "{error}");
}
