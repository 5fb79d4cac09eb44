//! Second factors, as a person sets them up and uses them.

use portcullis::base::Clock as _;
use totp_rs::{Builder, Secret, Totp};

use super::{Browser, Page, World};

/// An authenticator app, with what the person was shown when it was set up.
pub struct Authenticator {
    totp: Totp,
    pub recovery_codes: Vec<String>,
}

impl World {
    /// Sets up an app in a browser whose person has just signed in. Its first code is used up.
    pub async fn set_up_app(&self, browser: &Browser) -> Authenticator {
        let page = self.begin_app(browser).await;
        let totp = app_of(&page);
        let done = browser.submit(&page, &[("code", &self.code_of(&totp))]).await;
        assert_eq!(done.answer.status, 200, "{}", done.answer.body);
        Authenticator { totp, recovery_codes: done.texts("#recovery-codes li") }
    }

    /// The page with the picture.
    pub async fn begin_app(&self, browser: &Browser) -> Page {
        let page = browser.open(&self.url("/account/two-step")).await;
        let page = browser.submit(&page, &[("action", "set-up")]).await;
        assert!(page.has("svg.qr"), "{}: {}", page.url, page.answer.body);
        page
    }

    /// The code that an app shows now.
    pub fn code_of(&self, totp: &Totp) -> String {
        totp.generate(self.clock.now().seconds().try_into().unwrap()).to_string()
    }

    /// The next code that was not shown before: moves the clock by a step.
    pub fn next_code(&self, app: &Authenticator) -> String {
        self.advance(30);
        self.code_of(&app.totp)
    }

    /// The code of `steps` from now.
    pub fn code_off_by(&self, app: &Authenticator, steps: i64) -> String {
        app.totp.generate((self.clock.now().seconds() + 30 * steps).try_into().unwrap()).to_string()
    }
}

/// The app that has scanned the picture, or rather typed its secret.
pub fn app_of(page: &Page) -> Totp {
    let secret = page.text("#secret").replace(' ', "");
    Builder::new().with_secret(Secret::try_from_base32(&secret).unwrap()).build_noncompliant()
}
