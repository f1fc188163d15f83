//! Requests that wait for a thread that computes.
//!
//! They wait here and not in Triton's dynamic batcher: that one, where its queue has limits, is woken
//! only by a request that finds a thread idle, and else looks again after half a second (core's
//! dynamic_batch_scheduler.cc, Enqueue). With 32 clients, all of whose requests lay there, nothing
//! was computed for 0.48 s, several times a minute.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub struct Queue<T> {
    /// Items that wait at most.
    limit: usize,
    /// How long an item waits at most.
    timeout: Duration,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<Waiting<T>>,
    closed: bool,
}

struct Waiting<T> {
    item: T,
    images: usize,
    since: Instant,
}

/// What a thread gets at a time.
pub struct Taken<T> {
    /// To be computed in one call.
    pub batch: Vec<T>,
    /// Waited too long.
    pub late: Vec<T>,
}

impl<T> Queue<T> {
    pub fn new(limit: usize, timeout: Duration) -> Self {
        let state = State { waiting: VecDeque::new(), closed: false };
        Self { limit, timeout, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Append an item, a request for a number of images. Returns it where the queue is full.
    pub fn push(&self, item: T, images: usize) -> Result<(), T> {
        let mut state = self.lock();
        if state.waiting.len() >= self.limit {
            return Err(item);
        }
        state.waiting.push_back(Waiting { item, images, since: Instant::now() });
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Wait for an item, and take it with those behind it: `most` images, or the one that has more.
    ///
    /// None once the queue is closed and empty.
    pub fn take(&self, most: usize) -> Option<Taken<T>> {
        let idle = |state: &mut State<T>| state.waiting.is_empty() && !state.closed;
        let state = self.changed.wait_while(self.lock(), idle);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.waiting.is_empty() {
            return None;
        }
        let (mut batch, mut late, mut images, now) = (Vec::new(), Vec::new(), 0, Instant::now());
        while let Some(next) = state.waiting.pop_front() {
            if now.duration_since(next.since) > self.timeout {
                late.push(next.item);
            } else if batch.is_empty() || images + next.images <= most {
                images += next.images;
                batch.push(next.item);
            } else {
                state.waiting.push_front(next);
                break;
            }
        }
        Some(Taken { batch, late })
    }

    /// Let the threads that take end, once all that waits is taken.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn filled(sizes: &[usize]) -> Queue<usize> {
        let queue = Queue::new(100, LONG);
        for (number, &images) in sizes.iter().enumerate() {
            queue.push(number, images).unwrap();
        }
        queue
    }

    #[test]
    fn what_waits_is_taken_in_order_and_up_to_so_many_images() {
        let queue = filled(&[1, 3, 4, 1, 9, 2]);
        let taken: Vec<_> = (0..4).map(|_| queue.take(8).unwrap().batch).collect();
        assert_eq!(taken, [vec![0, 1, 2], vec![3], vec![4], vec![5]]);
    }

    #[test]
    fn a_full_queue_gives_back() {
        let queue = Queue::new(2, LONG);
        assert_eq!([1, 2, 3].map(|item| queue.push(item, 1)), [Ok(()), Ok(()), Err(3)]);
        assert_eq!(queue.take(1).unwrap().batch, [1]);
        assert_eq!(queue.push(4, 1), Ok(()));
    }

    #[test]
    fn what_waited_too_long_is_late_and_the_others_are_not() {
        let queue = Queue::new(9, Duration::from_millis(20));
        queue.push("late", 1).unwrap();
        thread::sleep(Duration::from_millis(30));
        queue.push("in time", 1).unwrap();
        let taken = queue.take(8).unwrap();
        assert_eq!((taken.late, taken.batch), (vec!["late"], vec!["in time"]));
    }

    #[test]
    fn a_closed_queue_is_emptied_and_then_ends() {
        let queue = filled(&[1, 1]);
        queue.close();
        assert_eq!(queue.take(8).unwrap().batch, [0, 1]);
        assert!(queue.take(8).is_none());
    }

    #[test]
    fn threads_that_wait_take_every_item_once() {
        let (queue, sum) = (Queue::new(1000, LONG), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(taken) = queue.take(3) {
                        sum.fetch_add(taken.batch.iter().sum(), Ordering::Relaxed);
                    }
                });
            }
            (1..=1000).for_each(|item| queue.push(item, 1).unwrap());
            queue.close();
        });
        assert_eq!(sum.into_inner(), 500_500);
    }
}
