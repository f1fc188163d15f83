//! Checks a bundle, and prints how long it takes:
//! `cargo run --release --example check_bundle -- ../artifacts/bundle`.

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ludus_runtime::source::Folder;
use ludus_runtime::{Bundle, Result};

const ROUNDS: usize = 101;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("which bundle? expected its folder");
        return ExitCode::from(2);
    };
    let source = Arc::new(Folder::new(folder));
    let timed = || -> Result<Duration> {
        let start = Instant::now();
        Bundle::open(source.clone())?;
        Ok(start.elapsed())
    };
    match (0..ROUNDS).map(|_| timed()).collect::<Result<Vec<_>>>() {
        Ok(mut times) => {
            let first = times[0];
            times.sort();
            let (least, median) = (times[0], times[ROUNDS / 2]);
            println!("good: first {first:.2?}, then median {median:.2?}, least {least:.2?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", error.name());
            ExitCode::FAILURE
        }
    }
}
