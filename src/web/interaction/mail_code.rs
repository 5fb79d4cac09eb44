//! The page that takes a mailed code, whatever the code is for.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::errand::Errand;
use super::problem::Stop;
use super::said::{Said, throttled};
use super::visit::{Visit, set};
use crate::identity::{LoginError, MAIL_LINK_TTL, MailPurpose};
use crate::web::App;
use crate::web::pages::{Answer, MailCodePage};

/// Where a code is asked for and typed.
pub struct MailCode {
    /// The page where a mail is asked for.
    pub ask: &'static str,
    /// The page where its code is typed.
    pub path: &'static str,
    pub purpose: &'static str,
    /// The text that says what was sent to whom.
    pub lead: &'static str,
    /// The right code signs in, so that the form may lead to the application.
    pub signs_in: bool,
}

/// A form of [`MailCode`] as it was sent.
pub struct Typed {
    pub errand: Errand,
    /// The challenge that the code is for.
    pub id: String,
    pub code: String,
}

impl MailCode {
    /// The address of the page for the code of challenge `id`.
    pub fn address(&self, errand: &Errand, id: &str) -> String {
        errand.page_about(self.path, &[("c", id)])
    }

    /// Says that a mail is on its way, and takes its code.
    pub async fn get(&self, app: &App, req: &HttpRequest) -> HttpResponse {
        Visit::receive(app, req, async |visit| self.show(visit).await).await
    }

    async fn show(&self, visit: &mut Visit<'_>) -> Result<HttpResponse, Stop> {
        let errand = Errand::of_address(visit).await?;
        let params = visit.query()?;
        Ok(self.page(visit, &errand, params.get("c").unwrap_or_default(), Said::default()))
    }

    pub fn page(&self, visit: &Visit<'_>, errand: &Errand, id: &str, said: Said) -> HttpResponse {
        let answer = Answer { leads_to: errand.leads_to().filter(|_| self.signs_in), ..said.answer() };
        let page = MailCodePage {
            page: &visit.frame,
            form: &visit.target(&self.address(errand, id), self.purpose, id),
            lead: visit.frame.t.text(self.lead),
            again: visit.frame.url(&errand.page(self.ask)),
            problem: said.problem,
        };
        visit.page(&page, answer)
    }

    /// Reads the form, if it is one of ours for this browser and this challenge.
    pub async fn read(&self, visit: &mut Visit<'_>, body: Payload) -> Result<Typed, Stop> {
        let params = visit.form(body).await?;
        let id = visit.query()?.get("c").unwrap_or_default().to_owned();
        visit.check(&params, self.purpose, &id)?;
        let code = params.get("code").unwrap_or_default().to_owned();
        Ok(Typed { errand: Errand::of_address(visit).await?, id, code })
    }

    /// Takes a code that does what the link of the same mail does: it leads to `page`.
    pub async fn lead_on(
        &self,
        visit: &mut Visit<'_>,
        body: Payload,
        purpose: MailPurpose,
        page: &str,
    ) -> Result<HttpResponse, Stop> {
        let Typed { errand, id, code } = self.read(visit, body).await?;
        let (identity, origin) = (&visit.app.identity, visit.origin());
        let said = match identity.enter_mail_code(purpose, &id, &code, visit.browser(), &origin).await {
            Ok(token) => return Ok(keep_link(visit, page, token.expose())),
            Err(LoginError::Rejected) => Said::unprocessable(visit.frame.t.text("reset-code-wrong")),
            Err(error) => throttled(visit, error)?,
        };
        Ok(self.page(visit, &errand, &id, said))
    }
}

/// Leads on to `page` with the token of a link, which goes into a cookie, so that it stands in no history and on no page.
pub fn keep_link(visit: &Visit<'_>, page: &str, token: &str) -> HttpResponse {
    let mut response = visit.go(page);
    set(&mut response, &visit.cookies.set_mail_link(token, MAIL_LINK_TTL));
    response
}
