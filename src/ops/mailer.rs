use std::time::Duration;

use super::Metrics;
use super::background::Stop;
use super::outage::Outage;
use crate::mail::PostOffice;

/// How often the queue is looked at when nothing was queued here: for attempts that are due, and for what other instances
/// and the command line have queued.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Delivers mails until told to stop.
pub(super) async fn run(post: PostOffice, metrics: Metrics, mut stop: Stop) {
    let mut outage = Outage::watch("delivering mails");
    loop {
        let outcome = match post.deliver_due().await {
            Ok(round) => {
                metrics.mails(round);
                post.count().await.map(|(waiting, failed)| metrics.mails_kept(waiting, failed))
            }
            Err(error) => Err(error),
        };
        outage.note(outcome);
        let go_on = tokio::select! {
            () = post.rung() => true,
            go_on = stop.pause(LOOK_EVERY) => go_on,
        };
        if !go_on {
            return;
        }
    }
}
