//! The thread that writes, its queue, and group commit.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::oneshot;
use uis_host::ports::{Answer, StoreError};
use uis_host::sync::lock;

use super::db::{Db, DbError};
use super::failed_before;

/// Most operations of one commit. More would delay the first of them.
const BATCH: usize = 1024;
/// How long writes that nobody waits for stay uncommitted.
const LONGEST_OPEN: Duration = Duration::from_millis(100);

/// An operation in the queue.
trait Operation: Send {
    /// Carries it out, within the open transaction.
    fn apply(&mut self, db: &mut Db) -> Result<(), DbError>;
    /// Answers it.
    fn answer(self: Box<Self>, result: Result<(), StoreError>);
    /// Whether it is answered only once it is on disk.
    fn is_durable(&self) -> bool;
}

/// An operation with its result.
struct Job<T, F> {
    durable: bool,
    work: Option<F>,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Db) -> Result<T, DbError> + Send> Operation for Job<T, F> {
    fn apply(&mut self, db: &mut Db) -> Result<(), DbError> {
        if let Some(work) = self.work.take() {
            self.result = Some(work(db)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        let answer = match (result, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err(StoreError("the operation has no result".to_owned())),
            (Err(error), _) => Err(error),
        };
        // Whoever asked may have gone; what was written stays.
        let _ = self.reply.send(answer);
    }

    fn is_durable(&self) -> bool {
        self.durable
    }
}

enum Message {
    Operation(Box<dyn Operation>),
    Close(oneshot::Sender<()>),
}

/// The queue of the writing thread.
pub struct Writer {
    queue: Sender<Message>,
    /// Operations that wait.
    waiting: Arc<AtomicI64>,
    failed: Arc<Mutex<Option<String>>>,
}

impl Writer {
    /// Starts the thread. It ends when the writer is dropped.
    pub fn start(db: Db) -> std::io::Result<Writer> {
        let (queue, messages) = channel();
        let (waiting, failed) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(None)));
        let thread = Thread { messages, waiting: waiting.clone(), failed: failed.clone() };
        std::thread::Builder::new().name("store".to_owned()).spawn(move || thread.run(db))?;
        Ok(Writer { queue, waiting, failed })
    }

    /// Why the store has failed; none while it works.
    pub fn failed(&self) -> Option<String> {
        lock(&self.failed).clone()
    }

    /// Puts an operation into the queue, at once. The future gives the answer; dropping it undoes nothing.
    pub fn run<T: Send + 'static>(
        &self,
        durable: bool,
        work: impl FnOnce(&mut Db) -> Result<T, DbError> + Send + 'static,
    ) -> Answer<'static, T> {
        let (reply, answer) = oneshot::channel();
        let job = Job { durable, work: Some(work), result: None, reply };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // An error means that the thread has ended; the reply is dropped with the message.
        let _ = self.queue.send(Message::Operation(Box::new(job)));
        let failed = self.failed.clone();
        async move {
            answer.await.unwrap_or_else(|_| {
                let why = lock(&failed).clone();
                Err(failed_before(why.as_deref().unwrap_or("it is closed")))
            })
        }
        .boxed()
    }

    /// Commits, and closes the file.
    pub async fn close(&self) -> Result<(), StoreError> {
        let (reply, closed) = oneshot::channel();
        let _ = self.queue.send(Message::Close(reply));
        closed.await.map_err(|_| failed_before("it is closed"))
    }
}

/// What the thread works with.
struct Thread {
    messages: Receiver<Message>,
    waiting: Arc<AtomicI64>,
    failed: Arc<Mutex<Option<String>>>,
}

/// The open transaction.
#[derive(Default)]
struct Batch {
    /// When the first operation was carried out; none when no transaction is open.
    began: Option<Instant>,
    operations: usize,
    /// Those that are answered after the commit.
    durable: Vec<Box<dyn Operation>>,
}

impl Thread {
    fn run(self, mut db: Db) {
        let mut batch = Batch::default();
        loop {
            let message = match self.next(&batch) {
                Ok(message) => message,
                Err(ended) => {
                    let committed = commit(&mut db, &mut batch);
                    match (committed, ended) {
                        (Err(why), _) => return self.fail(db, batch, None, &why),
                        (Ok(()), RecvTimeoutError::Timeout) => continue,
                        (Ok(()), RecvTimeoutError::Disconnected) => return,
                    }
                }
            };
            match message {
                Message::Close(reply) => {
                    if let Err(why) = commit(&mut db, &mut batch) {
                        return self.fail(db, batch, None, &why);
                    }
                    *lock(&self.failed) = Some("it is closed".to_owned());
                    drop(db);
                    let _ = reply.send(());
                    return;
                }
                Message::Operation(operation) => {
                    if let Err((operation, why)) = carry_out(&mut db, &mut batch, operation) {
                        return self.fail(db, batch, Some(operation), &why);
                    }
                }
            }
        }
    }

    /// The next message. An error when it is time to commit first: nothing waits in the queue and somebody waits for the disk, the batch is
    /// full, or it has been open for long.
    fn next(&self, batch: &Batch) -> Result<Message, RecvTimeoutError> {
        let full = batch.operations >= BATCH;
        let message = match batch.began {
            None => self.messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) if full => Err(RecvTimeoutError::Timeout),
            Some(_) if !batch.durable.is_empty() => self.messages.recv_timeout(Duration::ZERO),
            Some(began) => self.messages.recv_timeout(LONGEST_OPEN.saturating_sub(began.elapsed())),
        }?;
        let waiting = self.waiting.fetch_sub(1, Ordering::Relaxed);
        if batch.began.is_none() {
            metrics::gauge!("uis_gateway_store_queue").set(waiting as f64);
        }
        Ok(message)
    }

    /// The store has failed: nothing of the open transaction is kept, and everything that waits or comes later fails. The file is closed
    /// first, so that it can be opened again.
    fn fail(self, db: Db, batch: Batch, current: Option<Box<dyn Operation>>, why: &str) {
        *lock(&self.failed) = Some(why.to_owned());
        // Closing rolls the open transaction back.
        drop(db);
        let error = || Err(failed_before(why));
        batch.durable.into_iter().chain(current).for_each(|operation| operation.answer(error()));
        while let Ok(message) = self.messages.recv() {
            match message {
                Message::Operation(operation) => operation.answer(error()),
                Message::Close(reply) => drop(reply),
            }
        }
    }
}

/// Carries out an operation within the open transaction. An error gives it back when the store has failed.
fn carry_out(db: &mut Db, batch: &mut Batch, mut operation: Box<dyn Operation>) -> Result<(), (Box<dyn Operation>, String)> {
    if batch.began.is_none() {
        if let Err(error) = db.connection.execute_batch("BEGIN IMMEDIATE") {
            db.suspect(&error);
            return Err((operation, error.to_string()));
        }
        batch.began = Some(Instant::now());
    }
    batch.operations += 1;
    match operation.apply(db) {
        Ok(()) if operation.is_durable() => batch.durable.push(operation),
        Ok(()) => operation.answer(Ok(())),
        Err(DbError::This(why)) => operation.answer(Err(StoreError(why))),
        Err(DbError::Store(error)) => {
            db.suspect(&error);
            return Err((operation, error.to_string()));
        }
    }
    Ok(())
}

/// Commits the open transaction, waits for the disk, and answers whoever waited for it.
fn commit(db: &mut Db, batch: &mut Batch) -> Result<(), String> {
    if batch.began.is_none() {
        return Ok(());
    }
    let began = Instant::now();
    db.connection.execute_batch("COMMIT").map_err(|error| {
        db.suspect(&error);
        error.to_string()
    })?;
    metrics::histogram!("uis_gateway_store_commit_seconds").record(began.elapsed().as_secs_f64());
    metrics::counter!("uis_gateway_store_operations_total").increment(batch.operations as u64);
    let done = std::mem::take(batch);
    done.durable.into_iter().for_each(|operation| operation.answer(Ok(())));
    db.checkpointer.after_commit(&db.connection);
    for emptying in std::mem::take(&mut db.emptying) {
        emptying.carry_out(db);
    }
    Ok(())
}
