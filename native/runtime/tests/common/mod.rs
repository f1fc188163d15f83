//! The good bundles, and the steps of tests/golden/bad_bundles.json done to copies of it;
//! tests/golden/README.md describes them.
#![allow(dead_code)] // no test uses all of it

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// tests/golden of the repository.
pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// One entry of bad_bundles.json.
pub struct Case(Value);

impl Case {
    /// A text of the case, such as `name`; "" where it has none.
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// folder/bundle, a copy of the case's good bundle with its steps done. None where they need
    /// symbolic links and this system has none.
    pub fn make(&self, folder: &Path) -> Option<PathBuf> {
        let steps = self.0["do"].as_array().expect("`do` is a list");
        if steps.iter().any(|step| step.get("link").is_some()) && !cfg!(unix) {
            return None;
        }
        let good = self.0["bundle"].as_str().unwrap_or("bundle");
        let bundle = copy_of(good, folder);
        for step in steps {
            make_step(step, &bundle);
        }
        Some(bundle)
    }
}

/// All cases whose error comes at `when`: "read", "choose" or "run".
pub fn cases(when: &str) -> Vec<Case> {
    let text = fs::read_to_string(golden().join("bad_bundles.json")).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    cases.into_iter().filter(|case| case["when"] == when).map(Case).collect()
}

/// folder/bundle, a copy of the good bundle of drawings.
pub fn good_copy(folder: &Path) -> PathBuf {
    copy_of("bundle", folder)
}

/// folder/bundle, a copy of a good bundle.
pub fn copy_of(good: &str, folder: &Path) -> PathBuf {
    let bundle = folder.join("bundle");
    copy(&golden().join(good), &bundle);
    bundle
}

/// Change the manifest of a bundle, as parsed.
pub fn edit(bundle: &Path, change: impl FnOnce(&mut Value)) {
    let path = bundle.join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(&path, manifest.to_string()).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let to = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &to);
        } else {
            fs::copy(item.path(), to).unwrap();
        }
    }
}

fn make_step(step: &Value, bundle: &Path) {
    let text = |key: &str| step[key].as_str().unwrap_or_else(|| panic!("{step}: no text '{key}'"));
    let number = |key: &str| step[key].as_u64().unwrap_or_else(|| panic!("{step}: no '{key}'"));
    let path = |key: &str| bundle.join(text(key));
    let known = [
        "remove", "write", "append", "truncate", "flip", "move", "link", "replace", "set", "delete",
    ];
    match known.into_iter().find(|key| step.get(key).is_some()).unwrap_or_default() {
        "remove" => fs::remove_file(path("remove")).unwrap(),
        "write" => {
            let times = step["times"].as_u64().unwrap_or(1);
            fs::create_dir_all(path("write").parent().unwrap()).unwrap();
            fs::write(path("write"), text("text").repeat(times as usize)).unwrap();
        }
        "append" => change(&path("append"), |bytes| bytes.extend(text("text").as_bytes())),
        "truncate" => change(&path("truncate"), |bytes| bytes.truncate(number("to") as usize)),
        "flip" => change(&path("flip"), |bytes| bytes[number("at") as usize] ^= 0xFF),
        "move" => fs::rename(path("move"), path("to")).unwrap(),
        "link" => link(text("to"), &path("link")),
        "replace" => change(&bundle.join("manifest.json"), |bytes| {
            let manifest = String::from_utf8(bytes.clone()).unwrap();
            assert!(manifest.contains(text("replace")), "{step}: nothing to replace");
            *bytes = manifest.replacen(text("replace"), text("by"), 1).into_bytes();
        }),
        "set" => edit(bundle, |manifest| set(manifest, text("set"), step["to"].clone())),
        "delete" => edit(bundle, |manifest| {
            let (object, key) = parent(manifest, text("delete"));
            object.as_object_mut().unwrap().remove(key).expect("the key is there");
        }),
        _ => panic!("no such step: {step}"),
    }
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

#[cfg(unix)]
fn link(content: &str, path: &Path) {
    std::os::unix::fs::symlink(content, path).unwrap();
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) {
    unreachable!("such cases are skipped")
}

/// The place that a JSON Pointer's last part is a key of, and that key.
fn parent<'a, 'p>(manifest: &'a mut Value, pointer: &'p str) -> (&'a mut Value, &'p str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer begins with /");
    (manifest.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {parent}")), key)
}

fn set(manifest: &mut Value, pointer: &str, value: Value) {
    match parent(manifest, pointer) {
        (Value::Array(list), index) => match index.parse::<usize>().unwrap() {
            index if index == list.len() => list.push(value),
            index => list[index] = value,
        },
        (object, key) => object[key] = value,
    }
}
