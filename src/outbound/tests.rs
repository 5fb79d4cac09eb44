use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

fn client(issuer: &str, more: &str) -> Client {
    let config: Config = toml::from_str(&format!("issuer = \"{issuer}\"\n{more}")).unwrap();
    Client::new(&config).unwrap()
}

/// On loopback, where loopback may be reached.
fn local() -> Client {
    client("http://localhost:8080", "")
}

/// On the internet, where it may not.
fn public() -> Client {
    client("https://id.example.com", "")
}

/// A listener that answers every connection with `answer`, then with `more` again and again; its address.
async fn answering(answer: &'static [u8], more: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(answer).await;
                while !more.is_empty() && stream.write_all(more).await.is_ok() {}
            });
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn an_answer_is_read_with_its_headers() {
    let url = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: Application/JSON; charset=utf-8\r\ncache-control: public, max-age=60\r\n\r\n{}", b"").await;
    let answer = local().get(&url, Limits::default()).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"{}".as_slice()));
    assert_eq!(answer.media_type(), "application/json");
    assert_eq!(answer.max_age(), Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn a_form_is_posted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notice", listener.local_addr().unwrap());
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        while !text.ends_with("a=1+%26&b=2") {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&part[..read]));
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        text
    });
    let answer = local().post_form(&url, &[("a", "1 &"), ("b", "2")], Limits::default()).await.unwrap();
    assert_eq!(answer.status, 204);
    let text = seen.await.unwrap().to_ascii_lowercase();
    assert!(text.starts_with("post /notice http/1.1"), "{text}");
    assert!(text.contains("content-type: application/x-www-form-urlencoded"), "{text}");
    assert!(!text.contains("cookie"), "{text}");
}

#[tokio::test]
async fn s110_nothing_private_is_reached_by_literal_or_by_name() {
    // Whatever answers there would be seen to.
    let url = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b"").await;
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.1",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
        "10.0.0.1",
        "[::]",
        "0",
    ] {
        let outcome = public().get(&format!("https://{host}:{port}/"), Limits::default()).await;
        assert!(matches!(outcome, Err(Error::Address)), "{host}: {outcome:?}");
    }
    let outcome = public().get(&format!("https://localhost:{port}/"), Limits::default()).await;
    assert!(matches!(outcome, Err(Error::Address)), "{outcome:?}");
    assert_eq!(local().get(&url, Limits::default()).await.unwrap().status, 200);
}

#[tokio::test]
async fn only_https_is_spoken_beyond_loopback() {
    for url in [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://u:p@example.com/",
        "x",
        "/x",
        "data:,x",
    ] {
        assert!(matches!(local().check(url), Err(Error::Url(_))), "{url}");
    }
    assert!(matches!(public().check("http://localhost/"), Err(Error::Url(_))));
    assert!(public().check("https://example.com/jwks.json").is_ok());
    let intranet = client("https://id.example.com", "outbound.allow_networks = [\"10.1.0.0/16\"]");
    assert!(intranet.check("https://10.1.2.3/").is_ok());
    assert!(intranet.check("https://10.2.2.3/").is_err());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let url = answering(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", b"").await;
    let outcome = local().get(&url, Limits::default()).await;
    assert!(matches!(outcome, Err(Error::Redirected(302))), "{outcome:?}");
}

#[tokio::test]
async fn s154_what_is_too_large_is_not_read_to_its_end() {
    let chunk: &[u8] = b"400\r\n................................................................\r\n";
    let said = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n", b"x").await;
    let unsaid = answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", chunk).await;
    for url in [said, unsaid] {
        let outcome = local().get(&url, Limits::of_bytes(usize::MAX)).await;
        assert!(matches!(outcome, Err(Error::TooLarge(1_048_576))), "{outcome:?}");
        let outcome = local().get(&url, Limits::of_bytes(10)).await;
        assert!(matches!(outcome, Err(Error::TooLarge(10))), "{outcome:?}");
    }
}

#[tokio::test]
async fn s154_an_answer_that_would_unpack_to_something_larger_is_refused() {
    let url = answering(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b", b"").await;
    let outcome = local().get(&url, Limits::default()).await;
    assert!(matches!(outcome, Err(Error::Encoded)), "{outcome:?}");
}

#[tokio::test]
async fn s154_an_answer_that_does_not_come_is_given_up() {
    let url = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n.", b"").await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits { timeout: Duration::from_millis(50), ..Limits::default() };
    let outcome = local().get(&format!("http://{}/", silent.local_addr().unwrap()), limits).await;
    assert!(matches!(outcome, Err(Error::TimedOut)), "{outcome:?}");
    // Cut short: the connection ends before the answer does.
    let outcome = local().get(&url, Limits::default()).await;
    assert!(matches!(outcome, Err(Error::Unreachable(_))), "{outcome:?}");
    assert_eq!(Limits { timeout: Duration::MAX, ..Limits::default() }.within_bounds().timeout, Duration::from_secs(5));
}

#[test]
fn an_authority_that_cannot_be_read_is_named() {
    let config: Config =
        toml::from_str("issuer = \"https://id.example.com\"\noutbound.ca_file = \"/nowhere/ca.pem\"").unwrap();
    assert!(Client::new(&config).err().unwrap().to_string().starts_with("/nowhere/ca.pem cannot be read"));
    let file = tempfile::NamedTempFile::new().unwrap();
    let config: Config =
        toml::from_str(&format!("issuer = \"https://id.example.com\"\noutbound.ca_file = {:?}", file.path())).unwrap();
    assert!(Client::new(&config).err().unwrap().to_string().ends_with("holds no certificate in PEM"));
}

#[tokio::test]
async fn a_host_is_asked_only_so_often_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&running), Arc::clone(&most));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (running, most) = (Arc::clone(&counted), Arc::clone(&highest));
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
            });
        }
    });
    let client = local();
    let requests = (0..3 * PER_HOST).map(|_| client.get(&url, Limits::default()));
    for outcome in futures_util::future::join_all(requests).await {
        assert_eq!(outcome.unwrap().status, 204);
    }
    assert!((1..=PER_HOST).contains(&most.load(Ordering::SeqCst)), "{most:?}");
}
