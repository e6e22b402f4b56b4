//! What every [`Reports`] does. Reading changes nothing; with [`Fixture::add`] rows are added to the account.

use crate::ports::{ReportPage, Reports};

/// Which of the account's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Calls that ended.
    Calls,
    /// Chats that ended.
    Chats,
    /// Site requests that came.
    SiteRequests,
    /// Messages of the chat [`Fixture::chat`].
    Messages,
}

/// All of them.
pub const KINDS: [Kind; 4] = [Kind::Calls, Kind::Chats, Kind::SiteRequests, Kind::Messages];

/// A row's place in its report: its time in milliseconds since 1970, and its id.
pub type Place = (i64, i64);

/// An account's reports, and what is in them.
pub struct Fixture<'a> {
    /// The implementation.
    pub reports: &'a dyn Reports,
    /// The places of all rows of a report, in order. At least four rows each, of which the second and the third have the same time, so
    /// that pages must be cut between them as well.
    pub rows: &'a (dyn Fn(Kind) -> Vec<Place> + Sync),
    /// A chat with messages.
    pub chat: i64,
    /// The id of no chat.
    pub no_chat: i64,
    /// Adds a row at about this time and gives its place; where rows can be added.
    pub add: Option<&'a (dyn Fn(Kind, i64) -> Place + Sync)>,
}

/// Checks every promise of [`Reports`].
pub async fn conforms(fixture: &Fixture<'_>) {
    for kind in KINDS {
        let rows = (fixture.rows)(kind);
        let usable = rows.len() > 3 && rows[0].0 < rows[1].0 && rows[1].0 == rows[2].0 && rows[2].0 < rows[3].0;
        assert!(usable, "the fixture has at least four rows of {kind:?}, and only the second and the third have the same time: {rows:?}");
        pages_join(fixture, kind, &rows).await;
        if kind != Kind::Messages {
            since_is_inclusive(fixture, kind, &rows).await;
        }
    }
    let empty = page(fixture, Kind::Messages, 0, fixture.no_chat, None, 10).await;
    assert_eq!(empty, (Vec::new(), None), "an unknown chat has an empty transcript");
    for kind in KINDS {
        rows_may_be_added_meanwhile(fixture, kind).await;
    }
}

/// A page's places and the next cursor.
async fn page(
    fixture: &Fixture<'_>,
    kind: Kind,
    since: i64,
    chat: i64,
    cursor: Option<&str>,
    limit: usize,
) -> (Vec<Place>, Option<String>) {
    fn answered<T>(kind: Kind, limit: usize, answer: ReportPage<T>, place: impl Fn(&T) -> Place) -> (Vec<Place>, Option<String>) {
        let (rows, next) = answer.unwrap_or_else(|error| panic!("the report of {kind:?} is there: {error:?}"));
        assert!(rows.len() <= limit, "a page of {kind:?} has {} rows where at most {limit} were asked for", rows.len());
        (rows.iter().map(place).collect(), next)
    }
    let reports = fixture.reports;
    match kind {
        Kind::Calls => {
            let answer = reports.finished_calls(since, cursor, limit).await;
            answered(kind, limit, answer, |row| (row.finished_at, row.call.session_id))
        }
        Kind::Chats => answered(kind, limit, reports.finished_chats(since, cursor, limit).await, |row| (row.chat.at, row.chat.chat_id)),
        Kind::SiteRequests => {
            let answer = reports.received_site_requests(since, cursor, limit).await;
            answered(kind, limit, answer, |row| (row.at, row.communication_id))
        }
        Kind::Messages => answered(kind, limit, reports.transcript(chat, cursor, limit).await, |row| (row.chat.at, row.message_id)),
    }
}

/// All rows since a time, by pages of `limit`.
async fn all(fixture: &Fixture<'_>, kind: Kind, since: i64, limit: usize) -> Vec<Place> {
    rest(fixture, kind, since, None, limit).await
}

/// The rows behind a cursor.
async fn rest(fixture: &Fixture<'_>, kind: Kind, since: i64, mut cursor: Option<String>, limit: usize) -> Vec<Place> {
    let mut rows = Vec::new();
    loop {
        let (page, next) = page(fixture, kind, since, fixture.chat, cursor.as_deref(), limit).await;
        rows.extend(page);
        assert!(rows.len() < 100_000, "the pages of {kind:?} come to an end");
        match next {
            Some(next) => cursor = Some(next),
            None => return rows,
        }
    }
}

async fn pages_join(fixture: &Fixture<'_>, kind: Kind, rows: &[Place]) {
    let start = rows[0].0;
    for limit in (1..=rows.len() + 1).take(10).chain([200]) {
        assert_eq!(
            all(fixture, kind, start, limit).await,
            rows,
            "pages of {limit} {kind:?} join without gap or repeat, in order of time and id"
        );
    }
    let (whole, next) = page(fixture, kind, start, fixture.chat, None, 200).await;
    if rows.len() <= 200 {
        assert_eq!((whole.len(), next), (rows.len(), None), "the last page of {kind:?} has no cursor");
    }
}

async fn since_is_inclusive(fixture: &Fixture<'_>, kind: Kind, rows: &[Place]) {
    for since in [rows[0].0, rows[1].0, rows[1].0 + 1, rows[rows.len() - 1].0] {
        let expected: Vec<Place> = rows.iter().copied().filter(|(at, _)| *at >= since).collect();
        assert_eq!(all(fixture, kind, since, 3).await, expected, "{kind:?} at or after `since` are listed, and no earlier ones");
    }
    let after = rows[rows.len() - 1].0 + 60_000;
    let none = page(fixture, kind, after, fixture.chat, None, 10).await;
    assert_eq!(none, (Vec::new(), None), "there are no {kind:?} after the last");
}

/// A cursor continues behind its page's last row, whatever was added meanwhile.
async fn rows_may_be_added_meanwhile(fixture: &Fixture<'_>, kind: Kind) {
    let Some(add) = fixture.add else { return };
    let rows = (fixture.rows)(kind);
    let (first, last) = (rows[0].0, rows[rows.len() - 1].0);
    // Cut between the two rows of one time.
    let (mut seen, cursor) = page(fixture, kind, first, fixture.chat, None, 2).await;
    assert!(cursor.is_some(), "a page of {kind:?} that is not the last has a cursor");
    let (before, behind) = (add(kind, first), add(kind, last + 60_000));
    seen.extend(rest(fixture, kind, first, cursor, 2).await);
    for row in &rows {
        let times = seen.iter().filter(|place| *place == row).count();
        assert_eq!(times, 1, "{kind:?}: while rows are added every earlier row still comes once: {row:?} of {seen:?}");
    }
    assert!(seen.contains(&behind), "{kind:?}: a row that is added behind the cursor is listed: {behind:?} of {seen:?}");
    assert!(!seen.contains(&before), "{kind:?}: a row that is added before the cursor is not listed behind it: {before:?} of {seen:?}");
    let again = all(fixture, kind, first, 3).await;
    assert!(again.contains(&before), "{kind:?}: a row that was added is there when the report is asked for anew");
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::{BoxFuture, ready};

    use super::*;
    use crate::bindings::uis::integration::call_events::CallFinished;
    use crate::bindings::uis::integration::chat_events::{ChatFinished, ChatMessage};
    use crate::bindings::uis::integration::site_request_events::SiteRequest;
    use crate::suites::{broken, samples};

    const ROWS: [Place; 5] = [(1000, 1), (2000, 2), (2000, 3), (3000, 4), (4000, 5)];

    /// Pages calls by the time of the last row, as a report whose cursor is a date does.
    struct ByTime;

    impl Reports for ByTime {
        fn finished_calls<'a>(&'a self, since: i64, cursor: Option<&'a str>, limit: usize) -> BoxFuture<'a, ReportPage<CallFinished>> {
            let after: i64 = cursor.map_or(since - 1, |cursor| cursor.parse().expect("a time"));
            let call = |(at, id): &Place| CallFinished { finished_at: *at, ..samples::call_finished(*id, "") };
            let found: Vec<CallFinished> = ROWS.iter().filter(|(at, _)| *at > after).map(call).collect();
            let next = (found.len() > limit).then(|| found[limit - 1].finished_at.to_string());
            ready(Ok((found.into_iter().take(limit).collect(), next))).boxed()
        }
        fn finished_chats<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<ChatFinished>> {
            ready(Ok((Vec::new(), None))).boxed()
        }
        fn received_site_requests<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<SiteRequest>> {
            ready(Ok((Vec::new(), None))).boxed()
        }
        fn transcript<'a>(&'a self, _: i64, _: Option<&'a str>, _: usize) -> BoxFuture<'a, ReportPage<ChatMessage>> {
            ready(Ok((Vec::new(), None))).boxed()
        }
    }

    #[test]
    fn the_suite_names_the_broken_promise() {
        let fixture = Fixture { reports: &ByTime, rows: &|_| ROWS.to_vec(), chat: 1, no_chat: 2, add: None };
        let found = broken(conforms(&fixture));
        assert!(found.contains("Calls join without gap or repeat"), "{found}");
    }
}
