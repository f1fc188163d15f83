//! How long `preprocess` takes on pictures of some sizes: `cargo bench --bench preprocess`.

use std::time::Instant;

use ludus_runtime::manifest::Preprocess;
use ludus_runtime::picture::Picture;
use ludus_runtime::preprocess::preprocess;

const DRAWING: &str = r#"{"size": 28, "box": 20, "layout": "NCHW", "scale": 0.00392156862745098,
    "mean": 0, "invert": "auto", "centre": "mass"}"#;
const PHOTO: &str = r#"{"kind": "photo", "height": 224, "width": 224, "fit": "crop",
    "channels": "RGB", "layout": "NCHW", "scale": 0.00392156862745098,
    "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}"#;

fn main() {
    for (kind, how) in [("drawing", DRAWING), ("photo", PHOTO)] {
        let how = Preprocess::parse(how.as_bytes()).expect("a preprocess");
        for side in [28, 280, 400, 512, 2048] {
            for alpha in [255, 200] {
                let picture = canvas(side, alpha);
                let mut times: Vec<_> = (0..200).map(|_| milliseconds(&picture, &how)).collect();
                times.sort_by(f64::total_cmp);
                let (least, median) = (times[0], times[100]);
                println!(
                    "{kind} {side} x {side}, alpha {alpha}: {median:.3} ms, at best {least:.3}"
                );
            }
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

fn milliseconds(picture: &Picture, how: &Preprocess) -> f64 {
    let start = Instant::now();
    std::hint::black_box(preprocess(picture, how)).expect("a picture");
    start.elapsed().as_secs_f64() * 1e3
}
