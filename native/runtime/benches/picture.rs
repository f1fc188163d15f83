//! How long `preprocess` takes on canvases of some sizes: `cargo bench --bench picture`.

use std::time::Instant;

use ludus_runtime::manifest::Preprocess;
use ludus_runtime::picture::{Picture, preprocess};

fn main() {
    for side in [28, 280, 400, 512, 2048] {
        for alpha in [255, 200] {
            let picture = canvas(side, alpha);
            let mut times: Vec<_> = (0..200).map(|_| milliseconds(&picture)).collect();
            times.sort_by(f64::total_cmp);
            let (least, median) = (times[0], times[100]);
            println!("{side} x {side}, alpha {alpha}: {median:.3} ms, at best {least:.3} ms");
        }
    }
}

/// A ring of black ink on white paper.
fn canvas(side: usize, alpha: u8) -> Picture {
    let from_middle = |i: usize| i as f64 / side as f64 - 0.5;
    let pixel = |i: usize| match from_middle(i % side).hypot(from_middle(i / side)) {
        0.25..0.35 => [0, 0, 0, 255],
        _ => [255, 255, 255, alpha],
    };
    Picture { width: side, height: side, rgba: (0..side * side).flat_map(pixel).collect() }
}

fn milliseconds(picture: &Picture) -> f64 {
    let how = Preprocess {
        size: 28,
        box_size: 20,
        layout: "NCHW",
        scale: 1.0 / 255.0,
        mean: 0.0,
        invert: "auto",
        centre: "mass",
    };
    let start = Instant::now();
    std::hint::black_box(preprocess(picture, &how)).expect("a drawing");
    start.elapsed().as_secs_f64() * 1e3
}
