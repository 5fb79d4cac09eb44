//! `portcullis user import`.

mod source;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Failure;
use super::offline::Offline;
use super::out::say;
use crate::identity::Identity;
use crate::jose::Sealer;
use crate::storage::{ImportOutcome, ImportRecord};
use source::{Entry, Source};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file, or `-` for standard input.
    file: PathBuf,
    /// csv: a head line that names the columns, of username, email, email_verified, claims (a JSON object), name and
    /// other standard claims, password_hash, totp_secret, disabled. json: an array of objects with these members, or one
    /// object per line. By default what the file's name ends in.
    #[arg(long)]
    format: Option<Format>,
    /// Check everything and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Pass over those who are there already with the same name and address: after an import that was broken off.
    #[arg(long)]
    resume: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Json,
    Csv,
}

/// People in one transaction.
const BATCH: usize = 500;

#[derive(Default)]
struct Report {
    made: u64,
    present: u64,
    refused: u64,
}

/// Reads the file to its end, whatever is refused on the way; exit code 3 when something was.
pub async fn run(offline: &Offline, args: Args) -> Result<(), Failure> {
    let format = args.format.or_else(|| by_name(&args.file)).ok_or_else(|| {
        Failure::usage("the file's name does not tell what it is: give --format csv or --format json")
    })?;
    let mut source = Source::open(&args.file, format)?;
    let identity = offline.identity();
    let sealer = offline.sealer()?;
    let mut import = Import {
        identity: &identity,
        sealer: &sealer,
        is_dry: args.dry_run,
        resumes: args.resume,
        seen: HashSet::new(),
        report: Report::default(),
    };
    while let Some(entries) = source.next(BATCH).await {
        import.batch(entries?).await?;
    }
    import.end()
}

fn by_name(file: &Path) -> Option<Format> {
    match file.extension()?.to_str()? {
        "csv" => Some(Format::Csv),
        "json" | "jsonl" | "ndjson" => Some(Format::Json),
        _ => None,
    }
}

struct Import<'a> {
    identity: &'a Identity,
    sealer: &'a Sealer,
    is_dry: bool,
    resumes: bool,
    /// Names and addresses that the file has given so far: where nothing is stored, the database cannot tell.
    seen: HashSet<String>,
    report: Report,
}

impl Import<'_> {
    async fn batch(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        let (mut places, mut users, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (at, Entry { place, user }) in entries.into_iter().enumerate() {
            let checked = match user {
                Ok(user) => self.identity.imported(user, self.sealer).await.map_err(|error| error.to_string()),
                Err(problem) => Err(problem),
            };
            match checked {
                Ok(user) => {
                    places.push((at, place));
                    users.push(user);
                }
                Err(problem) => refused.push((at, format!("{place}: {problem}"))),
            }
        }
        let outcomes = if self.is_dry { self.foreseen(&users).await? } else { self.identity.import(&users).await? };
        for (((at, place), user), outcome) in places.iter().zip(&users).zip(outcomes) {
            match outcome {
                ImportOutcome::Made => self.report.made += 1,
                ImportOutcome::Present if self.resumes => self.report.present += 1,
                ImportOutcome::Present | ImportOutcome::Taken("username") => {
                    refused.push((*at, format!("{place} ({}): the user name is taken", user.user.username)));
                }
                ImportOutcome::Taken(_) => {
                    refused.push((*at, format!("{place} ({}): the e-mail address is taken", user.user.username)));
                }
            }
        }
        refused.sort_unstable();
        for (_, line) in refused {
            self.report.refused += 1;
            say(&line);
        }
        Ok(())
    }

    async fn foreseen(&mut self, users: &[ImportRecord]) -> Result<Vec<ImportOutcome>, Failure> {
        let mut outcomes = Vec::with_capacity(users.len());
        for user in users {
            let mut outcome = self.identity.would_import(user).await?;
            let email = user.user.email.as_ref().map(|email| format!("email:{email}"));
            if outcome == ImportOutcome::Made {
                if email.is_some_and(|email| !self.seen.insert(email)) {
                    outcome = ImportOutcome::Taken("email");
                }
                if !self.seen.insert(format!("username:{}", user.user.username)) {
                    outcome = ImportOutcome::Taken("username");
                }
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    fn end(self) -> Result<(), Failure> {
        let Report { made, present, refused } = self.report;
        let done = if self.is_dry { "would be imported" } else { "imported" };
        let before = if self.resumes { format!(", {present} were there already") } else { String::new() };
        say(&format!("{made} {done}{before}, {refused} refused"));
        if refused == 0 {
            return Ok(());
        }
        Err(Failure::problems(format!(
            "{refused} of {} were refused; the reasons stand above",
            made + present + refused
        )))
    }
}
