//! A storm of logins: as many people as there are connections post a right password at the same moment, each from an
//! address of their own, and try again when told to, while services go on asking for tokens.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::load::{Connection, Figures, header, measure};
use crate::server::{PASSWORD, Server};

const PEOPLE: usize = 500;
/// Accounts, so that nobody's own limit is what answers.
const ACCOUNTS: usize = 125;
const BESIDE: usize = 4;

/// What came of it, by status; how long refusals took; requests without a `Retry-After` that should have had one.
#[derive(Default)]
struct Answers {
    statuses: BTreeMap<u16, usize>,
    refusals: Vec<Duration>,
    mute: usize,
}

pub async fn run(server: &Server, service: &str, duration: Duration) {
    for number in 0..ACCOUNTS {
        server.user(&format!("storm{number}"));
    }
    println!("\n{PEOPLE} logins at once for {} s, {BESIDE} connections beside them\n", duration.as_secs());
    println!("| beside | p50 ms idle | p99 ms idle | p50 ms in the storm | p99 ms in the storm | ratio of p99 |");
    println!("| --- | --: | --: | --: | --: | --: |");
    for (work, post) in [("client_credentials, JWT", Some(service.to_owned())), ("JWKS", None)] {
        let idle = beside(server, duration, post.clone()).await;
        let answers = Rc::new(RefCell::new(Answers::default()));
        let people = crowd(server, duration, &answers).await;
        let stormy = beside(server, duration, post).await;
        for person in people {
            person.await.unwrap();
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "| {work} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} |",
            ms(idle.p50),
            ms(idle.p99),
            ms(stormy.p50),
            ms(stormy.p99),
            stormy.p99.as_secs_f64() / idle.p99.as_secs_f64()
        );
        let mut answers = answers.borrow_mut();
        answers.refusals.sort_unstable();
        let p99 = answers.refusals.get(answers.refusals.len() * 99 / 100).copied().unwrap_or_default();
        eprintln!(
            "answers by status {:?}; refusals p99 {:.1} ms, without Retry-After: {}",
            answers.statuses,
            ms(p99),
            answers.mute
        );
    }
    println!("\npeak RSS {:.0} MiB (limit 512)", server.memory("VmHWM"));
}

async fn beside(server: &Server, duration: Duration, post: Option<String>) -> Figures {
    measure(server, duration, vec![(); BESIDE], move |mut connection, ()| {
        let post = post.clone();
        async move {
            match post {
                Some(service) => connection.post("/oauth2/token", &service, "grant_type=client_credentials").await.ok(),
                None => connection.get("/.well-known/jwks.json", "").await.ok(),
            };
            Some((connection, ()))
        }
    })
    .await
}

/// Everybody has the page open; then all press the button.
async fn crowd(
    server: &Server,
    duration: Duration,
    answers: &Rc<RefCell<Answers>>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let mut connection = Connection::open_from(server, number).await;
        let page = connection.get("/login", "").await.ok();
        people.push((connection, page, number % ACCOUNTS));
    }
    let begin = Instant::now();
    let press = |(mut connection, page, account): (Connection, crate::load::Reply, usize)| {
        let answers = Rc::clone(answers);
        tokio::task::spawn_local(async move {
            let csrf = page.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let cookies = format!("Cookie: {}\r\n", page.cookies());
            let form = format!("csrf={csrf}&username=storm{account}&password={}", PASSWORD.replace(' ', "+"));
            while begin.elapsed() < duration {
                let started = Instant::now();
                let reply = connection.post("/login", &cookies, &form).await;
                let took = started.elapsed();
                let wait: Option<u64> = header(&reply.head, "retry-after").map(|value| value.parse().unwrap());
                {
                    let mut answers = answers.borrow_mut();
                    *answers.statuses.entry(reply.status).or_default() += 1;
                    if matches!(reply.status, 429 | 503) {
                        answers.refusals.push(took);
                        answers.mute += usize::from(wait.is_none());
                    }
                }
                if reply.status == 303 {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1))).await;
            }
        })
    };
    people.into_iter().map(press).collect()
}
