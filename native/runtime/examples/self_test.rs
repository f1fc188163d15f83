//! Opens a bundle's variants and computes the golden answers with each: PASS, FAIL or why not.
//!
//!     cargo run --release --example self_test -- artifacts/bundle [DEVICE or VARIANT]...
//!
//! Without a name it goes through all variants. Ends with 1 where one that was named, or else all,
//! did not pass. Times are medians, of the runtime alone, on one thread.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ludus_runtime::choose::{open, survey};
use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Result};

const BATCHES: [usize; 3] = [1, 16, 256];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: self_test BUNDLE [DEVICE or VARIANT]...");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let bundle = match Bundle::open(Arc::new(Folder::new(&folder))) {
        Ok(bundle) => Arc::new(bundle),
        Err(error) => {
            eprintln!("{}: {error}", error.name());
            return ExitCode::FAILURE;
        }
    };
    println!("{folder}: read and checked in {:.2} ms", milliseconds(began.elapsed()));
    let named: Vec<String> = arguments.collect();
    let wanted = if named.is_empty() {
        survey(&bundle).into_iter().map(|choice| choice.target).collect()
    } else {
        named.clone()
    };
    let passed = wanted.iter().filter(|wanted| test(&bundle, wanted)).count();
    ludus_runtime::shutdown();
    if passed == 0 || (!named.is_empty() && passed < named.len()) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn test(bundle: &Arc<Bundle>, wanted: &str) -> bool {
    match measure(bundle, wanted) {
        Ok(line) => println!("PASS {line}"),
        Err(error) => {
            println!("FAIL {wanted}: {error}");
            return false;
        }
    }
    true
}

fn measure(bundle: &Arc<Bundle>, wanted: &str) -> Result<String> {
    let began = Instant::now();
    let mut model = open(bundle, wanted).model?;
    let opened = began.elapsed();
    let difference = model.self_test()?;
    let mut line = format!(
        "{} on {} ({}): differs by {difference:.1e}; opened in {:.2} ms",
        model.target(),
        model.device(),
        model.device_name(),
        milliseconds(opened)
    );
    let each = bundle.manifest.network.inputs[0].values();
    let mut answers = Vec::new();
    for batch in BATCHES {
        let images = vec![0.5; batch * each];
        model.run(&images, &mut answers)?; // first use: memory, kernels, caches
        let mut times = Vec::new();
        let began = Instant::now();
        while times.is_empty() || (times.len() < 1000 && began.elapsed() < Duration::from_secs(1)) {
            let call = Instant::now();
            model.run(&images, &mut answers)?;
            times.push(call.elapsed());
        }
        times.sort();
        line += &format!("; {batch}: {:.4} ms", milliseconds(times[times.len() / 2]));
    }
    Ok(line)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
