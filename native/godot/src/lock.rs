//! Locks that a panic does not close.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Also after a panic: what a lock guards here is whole after each statement.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
