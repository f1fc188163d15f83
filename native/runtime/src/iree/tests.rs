//! IREE itself, on modules that double three numbers (ludus/runtimes/devices/double.mlir).

use std::sync::Arc;

use super::*;

const DOUBLE: &[u8] = include_bytes!("../../../../ludus/runtimes/devices/double-cpu.vmfb");

fn cpu() -> Arc<Device> {
    let instance = Instance::new().unwrap();
    let found = instance.devices("local-sync").unwrap();
    Device::open(&instance, "local-sync", &found[0]).unwrap()
}

#[test]
fn a_module_computes() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap();
    let double = module.prepare("double", &[3], &[3]).unwrap();
    let mut answer = [0.0; 3];
    for numbers in [[1.0, 2.0, 3.0], [-4.0, 0.5, 0.0]] {
        module.call(double, &numbers, &mut answer).unwrap();
        assert_eq!(answer, numbers.map(|number| 2.0 * number));
    }
}

#[test]
fn a_module_outlives_the_handles_it_was_made_with() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap(); // instance and device are gone
    let double = module.prepare("double", &[3], &[3]).unwrap();
    module.call(double, &[1.0, 2.0, 3.0], &mut [0.0; 3]).unwrap();
}

#[test]
fn modules_of_one_device_compute_on_several_threads() {
    let device = cpu();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let mut module = Module::load(&device, DOUBLE).unwrap();
            scope.spawn(move || {
                let double = module.prepare("double", &[3], &[3]).unwrap();
                for step in 0..500 {
                    let (number, mut answer) = ((start * 1000 + step) as f32, [0.0; 3]);
                    module.call(double, &[number; 3], &mut answer).unwrap();
                    assert_eq!(answer, [2.0 * number; 3]);
                }
            });
        }
    });
}

#[test]
fn bytes_that_are_no_module_are_refused() {
    for bytes in [&b""[..], b"no module\n", &DOUBLE[..100], &DOUBLE[..DOUBLE.len() / 2]] {
        assert!(Module::load(&cpu(), bytes).is_err(), "{} bytes", bytes.len());
    }
}

#[test]
fn a_function_that_is_not_there_is_refused_by_name() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap();
    assert!(module.has("double") && !module.has("triple"));
    let error = module.prepare("triple", &[3], &[3]).unwrap_err();
    assert_eq!(error, "it has no entry function 'triple'");
}

#[test]
fn a_function_of_other_arguments_is_refused() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap();
    let error = module.prepare_fenced("double", &[3], &[3], 0).unwrap_err();
    assert!(error.contains("takes 1 and returns 1 values, expected 5 and 0"), "{error}");
}

#[test]
fn an_answer_of_another_size_is_refused() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap();
    let double = module.prepare("double", &[3], &[4]).unwrap();
    let error = module.call(double, &[0.0; 3], &mut [0.0; 4]).unwrap_err();
    assert_eq!(error, "'double' returned 12 bytes, expected 16 of float32");
}

#[test]
fn an_input_of_another_shape_is_refused_by_the_module_and_the_next_call_is_fine() {
    let mut module = Module::load(&cpu(), DOUBLE).unwrap();
    let wrong = module.prepare("double", &[4], &[4]).unwrap();
    assert!(module.call(wrong, &[0.0; 4], &mut [0.0; 4]).is_err());
    let double = module.prepare("double", &[3], &[3]).unwrap();
    module.call(double, &[1.0, 2.0, 3.0], &mut [0.0; 3]).unwrap();
}

#[test]
fn a_driver_that_is_not_there_is_refused() {
    assert!(Instance::new().unwrap().devices("abacus").is_err());
}

#[test]
fn a_feature_of_the_cpu_is_known_by_llvms_name() {
    let (known, unknown) = if cfg!(target_arch = "x86_64") {
        (cpu_has("avx2"), cpu_has("warp9"))
    } else {
        (cpu_has("dotprod"), cpu_has("warp9"))
    };
    assert!(known.is_some());
    assert_eq!(unknown, None);
}
