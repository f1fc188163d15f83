//! A thread that computes: the requests of a batch to one call, and its answers to responses.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ludus_runtime::Model;
use ludus_runtime::manifest::Tensor;
use ludus_runtime::preprocess::preprocess;

use crate::encoded;
use crate::metrics::Metrics;
use crate::queue::{Queue, Taken};
use crate::served::{ENCODED, Served};
use crate::server::{self, Input, Instance, Refusal, Request, Result, Times, now, panic_message};

/// Memory is kept from call to call.
pub struct Worker {
    served: Arc<Served>,
    instance: Instance,
    model: Model,
    inputs: Vec<f32>,
    answers: Vec<f32>,
    file: Vec<u8>,
}

impl Worker {
    pub fn new(served: Arc<Served>, instance: Instance) -> Result<Self> {
        let model = served.model()?;
        Ok(Self {
            served,
            instance,
            model,
            inputs: Vec::new(),
            answers: Vec::new(),
            file: Vec::new(),
        })
    }

    /// Answer what waits in the queue, until it is closed.
    pub fn work(&mut self, queue: &Queue<Request>, metrics: &Metrics) {
        // More than the network takes at once would only make others wait.
        let most = self.model.largest_batch().min(self.served.limits.max_batch);
        while let Some(Taken { batch, late }) = queue.take(most) {
            metrics.take(batch.len() + late.len());
            metrics.turn_away(late.len());
            for request in late {
                self.instance.turn_away(
                    request,
                    Refusal::unavailable(format!(
                        "it waited for {} s (`ludus serve --timeout`); ask again later",
                        self.served.limits.timeout.as_secs_f64()
                    )),
                );
            }
            if batch.is_empty() {
                continue;
            }
            let worked = catch_unwind(AssertUnwindSafe(|| self.execute(batch)));
            if let Err(panic) = worked {
                server::log(&format!("a bug in Ludus: {}", panic_message(&*panic)));
            }
        }
    }

    /// Answer every request, with a result or an error, and give it back.
    fn execute(&mut self, requests: Vec<Request>) {
        let mut times = Times { start: now(), ..Times::default() };
        self.inputs.clear();
        let parts: Vec<_> = requests.iter().map(|request| self.take_up(request)).collect();
        times.compute_start = now();
        let computed = match self.inputs.is_empty() {
            true => Ok(()), // all were refused
            false => self.model.run(&self.inputs, &mut self.answers).map_err(Refusal::from),
        };
        times.compute_end = now();
        let mut good = Vec::with_capacity(requests.len());
        for (request, part) in requests.iter().zip(parts) {
            let answer = match (part, &computed) {
                (Ok(images), Ok(())) => self.answer(request, images),
                (Ok(_), Err(refusal)) => Err(refusal.clone()),
                (Err(refusal), _) => Err(refusal),
            };
            good.push(answer.is_ok());
            if let Err(Err(lost)) = answer.map_err(|refusal| request.refuse(refusal)) {
                server::log(&format!("an error could not be sent: {lost:?}"));
            }
        }
        times.end = now();
        for (request, good) in requests.iter().zip(good) {
            self.instance.report(request, good, times);
        }
        let images = self.inputs.len() / self.input().values();
        if images > 0 && computed.is_ok() {
            self.instance.report_batch(images, times);
        }
    }

    /// Append a request's inputs to those of the call. Returns which of its images they are.
    fn take_up(&mut self, request: &Request) -> Result<Range<usize>> {
        let before = self.inputs.len();
        let taken = request.inputs().and_then(|inputs| self.append(&inputs));
        let per_image = self.input().values();
        match taken {
            Ok(()) => Ok(before / per_image..self.inputs.len() / per_image),
            Err(refusal) => {
                self.inputs.truncate(before);
                Err(refusal)
            }
        }
    }

    fn append(&mut self, inputs: &[Input<'_>]) -> Result<()> {
        let tensor = self.input().name.clone();
        match inputs {
            [input] if input.name == tensor => self.append_tensor(input),
            [input] if input.name == ENCODED => self.append_pictures(input),
            _ => {
                let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
                Err(Refusal::invalid(format!(
                    "the request has the inputs [{}]; expected {}",
                    names.join(", "),
                    match self.model.bundle().manifest.network.preprocess {
                        Some(_) => format!("one of '{tensor}' and '{ENCODED}'"),
                        None => format!("'{tensor}'"),
                    }
                )))
            }
        }
    }

    fn append_tensor(&mut self, input: &Input<'_>) -> Result<()> {
        let per_image = (self.input().values() * size_of::<f32>()) as u64;
        let count = input.shape.first().copied().unwrap_or_default();
        if count < 1 || input.bytes != count as u64 * per_image {
            return Err(Refusal::invalid(format!(
                "the input '{}' has the shape {:?} and {} bytes; expected {per_image} an image",
                input.name, input.shape, input.bytes
            )));
        }
        input.append_floats_to(&mut self.inputs)
    }

    fn append_pictures(&mut self, input: &Input<'_>) -> Result<()> {
        self.file.clear();
        input.append_to(&mut self.file)?;
        let bundle = Arc::clone(self.model.bundle());
        let how = bundle.manifest.network.preprocess.as_ref();
        let how = how.ok_or_else(|| Refusal::invalid("the network takes no pictures"))?;
        let (mut rest, mut count) = (self.file.as_slice(), 0);
        while let Some((picture, later)) = next_text(rest) {
            let picture = encoded::decode(picture)?;
            self.inputs.extend(preprocess(&picture, how)?);
            (rest, count) = (later, count + 1);
        }
        let wanted = input.shape.first().copied().unwrap_or_default();
        if !rest.is_empty() || count != wanted || count == 0 {
            return Err(Refusal::invalid(format!(
                "the input '{}' has {count} pictures and {} bytes more; expected {wanted}, each \
                 after its length, 4 bytes",
                input.name,
                rest.len()
            )));
        }
        Ok(())
    }

    fn answer(&self, request: &Request, images: Range<usize>) -> Result<()> {
        let output = self.output();
        let values = output.values();
        let shape: Vec<i64> = [images.len()]
            .into_iter()
            .chain(output.lengths())
            .map(|length| length as i64)
            .collect();
        let answers = &self.answers[images.start * values..images.end * values];
        request.answer(&self.served.output, &shape, answers)
    }

    fn input(&self) -> &Tensor {
        &self.model.bundle().manifest.network.inputs[0]
    }

    fn output(&self) -> &Tensor {
        &self.model.bundle().manifest.network.outputs[0]
    }
}

/// The first of several texts, as Triton strings them together, and what follows it.
fn next_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

#[cfg(test)]
mod tests {
    use super::next_text;

    #[test]
    fn texts_come_after_their_lengths() {
        let bytes = b"\x02\0\0\0ab\0\0\0\0\x01\0\0\0c";
        let (first, rest) = next_text(bytes).unwrap();
        let (second, rest) = next_text(rest).unwrap();
        let (third, rest) = next_text(rest).unwrap();
        assert_eq!((first, second, third, rest), (&b"ab"[..], &b""[..], &b"c"[..], &b""[..]));
    }

    #[test]
    fn a_text_that_is_cut_off_is_none() {
        for bytes in [&b""[..], b"\x01", b"\x01\0\0\0", b"\xff\xff\xff\xffabc"] {
            assert_eq!(next_text(bytes), None);
        }
    }
}
