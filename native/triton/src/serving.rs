//! An instance of a model: its queue, and the threads that compute what waits there.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::served::Served;
use crate::server::{Instance, Refusal, Request, Result};
use crate::worker::Worker;

pub struct Serving {
    served: Arc<Served>,
    instance: Instance,
    queue: Arc<Queue<Request>>,
    metrics: Arc<Metrics>,
    threads: Vec<JoinHandle<()>>,
}

impl Serving {
    pub fn new(served: Arc<Served>, instance: Instance) -> Result<Self> {
        let limits = &served.limits;
        let queue = Arc::new(Queue::new(limits.queue, limits.timeout));
        let metrics = Arc::new(Metrics::new(&served.name, &served.version));
        // Made before the threads, so that those there are end where one cannot be made.
        let mut serving =
            Self { served: Arc::clone(&served), instance, queue, metrics, threads: Vec::new() };
        for _ in 0..limits.instances {
            let mut worker = Worker::new(Arc::clone(&served), instance)?;
            let (queue, metrics) = (Arc::clone(&serving.queue), Arc::clone(&serving.metrics));
            let thread = thread::Builder::new().name("ludus".to_owned());
            let thread = thread.spawn(move || worker.work(&queue, &metrics));
            serving.threads.push(thread.map_err(|why| Refusal::internal(why.to_string()))?);
        }
        Ok(serving)
    }

    /// Let requests wait for a thread; refuse those that there is no room for.
    pub fn take_up(&self, requests: Vec<Request>) {
        for request in requests {
            let images = request.images();
            match self.queue.push(request, images) {
                Ok(()) => self.metrics.wait(1),
                Err(request) => {
                    self.metrics.turn_away(1);
                    let limit = self.served.limits.queue;
                    self.instance.turn_away(
                        request,
                        Refusal::unavailable(format!(
                            "the queue is full: {limit} requests wait (`ludus serve --queue`); ask \
                         again later"
                        )),
                    );
                }
            }
        }
    }
}

/// Triton lets an instance go when all requests were answered; what waits is computed before.
impl Drop for Serving {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // one that panicked has said so
        }
    }
}
