use serde::{Deserialize, Serialize};

use super::assurance::{Gap, gap};
use super::{AuthorizationRequest, Prompt};
use crate::base::Timestamp;
use crate::base::acr::{Acr, FRESH_FOR};
use crate::oauth::{Client, Error, ScopeSet};

/// Who is signed in at the browser.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub user_id: String,
    /// What the client knows the person by.
    pub sub: String,
    pub sid: String,
    pub auth_time: Timestamp,
    pub acr: Acr,
    pub amr: Vec<String>,
    /// Whether the person has a second factor that can be asked for alone.
    pub has_second: bool,
    /// The strongest class that the person could prove now.
    pub reachable: Acr,
    /// The class that the server wants of the person.
    pub policy: Acr,
}

/// What a person has done in this transaction so far. Stored beside the frozen request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The session in which the person signed in for this transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_in: Option<String>,
    /// The session that the person chose to go on with. That they chose it proves nothing about who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// The session whose person would not prove more than has to be proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
    /// The user who allowed this request, on its consent page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
}

/// What has to happen next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The person makes an account, or signs in with the one they have.
    Registration,
    /// The person signs in, anew if they are.
    Login,
    /// The person says whether to go on as who they are here.
    Selection,
    /// The person, just signed in, proves a second factor.
    Factor,
    /// The person sets up a second factor.
    Enrolment,
    /// The person is asked whether the client may.
    Consent,
    /// Nothing is missing: answer with a code.
    Issue,
}

/// Decides the next step from the request, the browser's session, the remembered consent and what was done already.
///
/// With `prompt=none` a step that would need a page is an error instead (OpenID Connect Core §3.1.2.6).
pub fn next_step(
    request: &AuthorizationRequest,
    client: &Client,
    session: Option<&SignedIn>,
    consented: Option<&ScopeSet>,
    progress: &Progress,
    now: Timestamp,
) -> Result<Step, Error> {
    if request.has_prompt(Prompt::Create) && progress.signed_in.is_none() {
        return Ok(Step::Registration);
    }
    if session.is_some_and(|session| selection_is_due(request, session, progress)) {
        return Ok(Step::Selection);
    }
    let Some(session) = session.filter(|session| !login_is_due(request, session, progress, now)) else {
        if request.has_prompt(Prompt::None) {
            return Err(Error::LoginRequired { hint: "nobody is signed in as the request demands".into() });
        }
        return Ok(Step::Login);
    };
    if !request.may_be_about(&session.sub) {
        // Somebody else signed in although the request names one person: ask again, and give up once they have.
        return if request.has_prompt(Prompt::None) || progress.signed_in.as_deref() == Some(&session.sid) {
            Err(Error::LoginRequired { hint: "another person than the requested one is signed in".into() })
        } else {
            Ok(Step::Login)
        };
    }
    if let Some(step) = assurance_step(request, client, session, progress, now)? {
        return Ok(step);
    }
    if consent_is_due(request, client, session, consented, progress) {
        if !request.has_prompt(Prompt::None) {
            return Ok(Step::Consent);
        }
        return Err(if has_allowed(request, consented) {
            Error::InteractionRequired { hint: "the person is asked each time about this native app".into() }
        } else {
            Error::ConsentRequired { hint: "the person has not allowed this client these scopes".into() }
        });
    }
    Ok(Step::Issue)
}

/// The step that makes the session as sure as it has to be, or as the client would like it.
fn assurance_step(
    request: &AuthorizationRequest,
    client: &Client,
    session: &SignedIn,
    progress: &Progress,
    now: Timestamp,
) -> Result<Option<Step>, Error> {
    let Some(gap) = gap(request, client, session) else { return Ok(None) };
    let (step, must) = match gap {
        Gap::Unreachable => {
            let hint = "the person has no factor that reaches an essential acr".into();
            return Err(Error::UnmetAuthenticationRequirements { hint });
        }
        Gap::Enrolment => (Step::Enrolment, true),
        // The first factor counts with the second while it is fresh.
        Gap::Factor { must } if now.since(session.auth_time) <= FRESH_FOR => (Step::Factor, must),
        Gap::Factor { must } | Gap::PhishingResistant { must } => (Step::Login, must),
    };
    let done_here = progress.signed_in.as_deref() == Some(&session.sid);
    if !must {
        let declined = progress.declined.as_deref() == Some(&session.sid);
        return Ok((!done_here && !declined && !request.has_prompt(Prompt::None)).then_some(step));
    }
    if request.has_prompt(Prompt::None) {
        return Err(Error::InteractionRequired { hint: "the person has to prove a further factor".into() });
    }
    if step == Step::Login && done_here {
        let hint = "the person signed in, and not by what an essential acr needs".into();
        return Err(Error::UnmetAuthenticationRequirements { hint });
    }
    Ok(Some(step))
}

/// Whether the person has yet to choose an account. Not where the request names another one: there is no choice then.
fn selection_is_due(request: &AuthorizationRequest, session: &SignedIn, progress: &Progress) -> bool {
    let of_this_session = |done: &Option<String>| done.as_deref() == Some(&session.sid);
    request.has_prompt(Prompt::SelectAccount)
        && request.may_be_about(&session.sub)
        && !of_this_session(&progress.signed_in)
        && !of_this_session(&progress.chosen)
}

fn login_is_due(request: &AuthorizationRequest, session: &SignedIn, progress: &Progress, now: Timestamp) -> bool {
    let done_here = progress.signed_in.as_deref() == Some(&session.sid);
    let asked_again = request.has_prompt(Prompt::Login) || request.max_age == Some(0);
    // Whole seconds, as auth_time is told in: what looks too old to the client must not pass here.
    let too_old = request.max_age.is_some_and(|age| {
        let age = i64::try_from(age).unwrap_or(i64::MAX);
        now.seconds().saturating_sub(session.auth_time.seconds()) > age
    });
    !done_here && (asked_again || too_old)
}

fn consent_is_due(
    request: &AuthorizationRequest,
    client: &Client,
    session: &SignedIn,
    consented: Option<&ScopeSet>,
    progress: &Progress,
) -> bool {
    if progress.allowed_by.as_deref() == Some(&session.user_id) {
        return false;
    }
    let remembered = has_allowed(request, consented) && is_assured(request, client);
    request.has_prompt(Prompt::Consent) || !(client.metadata.skip_consent || remembered)
}

/// Whether the person has allowed all of it before.
fn has_allowed(request: &AuthorizationRequest, consented: Option<&ScopeSet>) -> bool {
    consented.is_some_and(|known| request.asked().is_subset_of(known))
}

/// Whether nobody but the client gets the answer. As a native app without credentials any program of the device could pose,
/// and take its answer at a loopback port or by its scheme: that the app was allowed before says nothing about who asks now
/// (RFC 6749 §10.2, RFC 8252 §8.6). That it is a page on somebody's own machine instead is the operator's to say.
fn is_assured(request: &AuthorizationRequest, client: &Client) -> bool {
    let metadata = &client.metadata;
    let may_be_native = metadata.application_type == "native" || !metadata.registered_by.is_operator();
    !(client.is_public() && may_be_native) || request.redirect_uri.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::ClientMetadata;
    use crate::oauth::registration::Origin;
    use crate::storage::ClientRecord;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn client(skip_consent: bool) -> Client {
        let metadata = ClientMetadata { skip_consent, ..ClientMetadata::default() };
        let record = ClientRecord {
            client_id: "c".to_owned(),
            metadata: serde_json::to_string(&metadata).unwrap(),
            secret_hash: None,
            secret_sealed: None,
            disabled_at: None,
            created_at: 0,
            updated_at: 0,
        };
        Client::from_record(&record).unwrap()
    }

    fn session(seconds_ago: i64) -> SignedIn {
        SignedIn {
            user_id: "alice".to_owned(),
            sub: "alice".to_owned(),
            sid: "s1".to_owned(),
            auth_time: Timestamp::from_seconds(NOW.seconds() - seconds_ago),
            acr: Acr::SingleFactor,
            amr: vec![],
            has_second: false,
            reachable: Acr::SingleFactor,
            policy: Acr::SingleFactor,
        }
    }

    fn request(prompt: &[Prompt], max_age: Option<u64>) -> AuthorizationRequest {
        AuthorizationRequest {
            scope: ScopeSet::parse("openid profile").unwrap(),
            prompt: prompt.to_vec(),
            max_age,
            ..AuthorizationRequest::for_test()
        }
    }

    fn step(request: &AuthorizationRequest, session: Option<&SignedIn>, consent: &str) -> Result<Step, &'static str> {
        let consented = ScopeSet::parse(consent).unwrap();
        next_step(request, &client(false), session, Some(&consented), &Progress::default(), NOW).map_err(|e| e.code())
    }

    #[test]
    fn a_session_and_a_known_consent_need_no_page() {
        assert_eq!(step(&request(&[], None), Some(&session(60)), "openid profile email"), Ok(Step::Issue));
        assert_eq!(step(&request(&[Prompt::None], None), Some(&session(60)), "openid profile"), Ok(Step::Issue));
    }

    #[test]
    fn what_is_missing_is_asked_for_or_with_prompt_none_an_error() {
        assert_eq!(step(&request(&[], None), None, ""), Ok(Step::Login));
        assert_eq!(step(&request(&[Prompt::None], None), None, ""), Err("login_required"));
        assert_eq!(step(&request(&[], None), Some(&session(1)), "profile"), Ok(Step::Consent));
        assert_eq!(step(&request(&[Prompt::None], None), Some(&session(1)), "profile"), Err("consent_required"));
    }

    #[test]
    fn a_native_app_that_anybody_could_pose_as_is_asked_about_each_time() {
        let native = |method: &str, skip_consent: bool| {
            let metadata = ClientMetadata {
                application_type: "native".to_owned(),
                token_endpoint_auth_method: method.to_owned(),
                skip_consent,
                ..ClientMetadata::default()
            };
            let mut client = client(false);
            client.metadata = metadata;
            client
        };
        let known = ScopeSet::parse("openid profile").unwrap();
        let ask = |client: &Client, redirect_uri: &str, prompt: &[Prompt]| {
            let request = AuthorizationRequest { redirect_uri: redirect_uri.to_owned(), ..request(prompt, None) };
            let signed_in = session(60);
            next_step(&request, client, Some(&signed_in), Some(&known), &Progress::default(), NOW).map_err(|e| e.code())
        };
        for uri in ["http://127.0.0.1:5000/cb", "com.example.app:/cb", "http://localhost/cb"] {
            assert_eq!(ask(&native("none", false), uri, &[]), Ok(Step::Consent), "{uri}");
            assert_eq!(ask(&native("none", false), uri, &[Prompt::None]), Err("interaction_required"), "{uri}");
            assert_eq!(ask(&native("private_key_jwt", false), uri, &[]), Ok(Step::Issue), "it proves itself");
            assert_eq!(ask(&native("none", true), uri, &[]), Ok(Step::Issue), "the operator answers for it");
        }
        // What a client says of itself makes it no page of a browser.
        let (mut own, mut page) = (native("none", false), native("none", false));
        for client in [&mut own, &mut page] {
            client.metadata.application_type = "web".to_owned();
        }
        own.metadata.registered_by = Origin::Itself;
        assert_eq!(ask(&own, "http://localhost:3000/cb", &[]), Ok(Step::Consent));
        assert_eq!(ask(&page, "http://localhost:3000/cb", &[]), Ok(Step::Issue));
        // An address that the system gives to one app alone (RFC 8252 §7.2).
        assert_eq!(ask(&native("none", false), "https://app.test/cb", &[]), Ok(Step::Issue));
    }

    #[test]
    fn single_claims_need_consent_like_their_scope() {
        let mut sly = request(&[], None);
        sly.claims.userinfo = vec!["email".to_owned()];
        assert_eq!(step(&sly, Some(&session(1)), "openid profile"), Ok(Step::Consent));
        assert_eq!(step(&sly, Some(&session(1)), "openid profile email"), Ok(Step::Issue));
    }

    #[test]
    fn max_age_and_prompt_login_ask_again_until_it_was_done_in_this_transaction() {
        let all = "openid profile";
        assert_eq!(step(&request(&[], Some(1)), Some(&session(2)), all), Ok(Step::Login));
        assert_eq!(step(&request(&[], Some(10_000)), Some(&session(2)), all), Ok(Step::Issue));
        assert_eq!(step(&request(&[], Some(0)), Some(&session(0)), all), Ok(Step::Login));
        assert_eq!(step(&request(&[Prompt::None], Some(1)), Some(&session(2)), all), Err("login_required"));
        assert_eq!(step(&request(&[Prompt::Login], None), Some(&session(1)), all), Ok(Step::Login));
        let done = Progress { signed_in: Some("s1".to_owned()), ..Progress::default() };
        let again = request(&[Prompt::Login], Some(0));
        let known = ScopeSet::parse(all).unwrap();
        let result = next_step(&again, &client(false), Some(&session(0)), Some(&known), &done, NOW);
        assert_eq!(result.unwrap(), Step::Issue);
    }

    #[test]
    fn an_account_is_chosen_where_there_is_one_and_choosing_it_is_no_sign_in() {
        let known = ScopeSet::parse("openid profile").unwrap();
        let ask = |request: &AuthorizationRequest, seconds_ago, progress: &Progress| {
            next_step(request, &client(false), Some(&session(seconds_ago)), Some(&known), progress, NOW).unwrap()
        };
        let (before, chosen, signed_in) = (
            Progress::default(),
            Progress { chosen: Some("s1".to_owned()), ..Progress::default() },
            Progress { signed_in: Some("s1".to_owned()), ..Progress::default() },
        );
        let select = request(&[Prompt::SelectAccount], None);
        assert_eq!(step(&select, None, ""), Ok(Step::Login), "there is nothing to choose from");
        assert_eq!(ask(&select, 1, &before), Step::Selection);
        assert_eq!(ask(&select, 1, &chosen), Step::Issue);
        assert_eq!(ask(&select, 1, &signed_in), Step::Issue);
        let another = Progress { chosen: Some("s0".to_owned()), ..Progress::default() };
        assert_eq!(ask(&select, 1, &another), Step::Selection, "another session was chosen");
        for demanding in [
            request(&[Prompt::SelectAccount, Prompt::Login], None),
            request(&[Prompt::SelectAccount], Some(1)),
            request(&[Prompt::SelectAccount], Some(0)),
        ] {
            assert_eq!(ask(&demanding, 2, &before), Step::Selection);
            assert_eq!(ask(&demanding, 2, &chosen), Step::Login, "{demanding:?}");
            assert_eq!(ask(&demanding, 2, &signed_in), Step::Issue);
        }
        let named = AuthorizationRequest { subjects: vec!["bob".to_owned()], ..select };
        assert_eq!(ask(&named, 1, &before), Step::Login, "the request has chosen another person");
    }

    #[test]
    fn an_account_is_made_or_signed_in_to_once_whoever_is_signed_in() {
        let create = request(&[Prompt::Create, Prompt::SelectAccount], Some(0));
        assert_eq!(step(&create, None, ""), Ok(Step::Registration));
        assert_eq!(step(&create, Some(&session(1)), "openid profile"), Ok(Step::Registration));
        let done = Progress { signed_in: Some("s1".to_owned()), ..Progress::default() };
        let known = ScopeSet::parse("openid profile").unwrap();
        let after = |session: Option<&SignedIn>| next_step(&create, &client(false), session, Some(&known), &done, NOW);
        assert_eq!(after(Some(&session(1))).unwrap(), Step::Issue);
        assert_eq!(after(None).unwrap(), Step::Login, "they have signed out since");
    }

    #[test]
    fn prompt_consent_asks_again_even_trusted_clients_and_only_the_signed_in_user_can_have_allowed() {
        let all = ScopeSet::parse("openid profile").unwrap();
        let again = request(&[Prompt::Consent], None);
        let ask = |progress: &Progress| {
            next_step(&again, &client(true), Some(&session(1)), Some(&all), progress, NOW).unwrap()
        };
        assert_eq!(ask(&Progress::default()), Step::Consent);
        assert_eq!(ask(&Progress { allowed_by: Some("alice".to_owned()), ..Progress::default() }), Step::Issue);
        assert_eq!(ask(&Progress { allowed_by: Some("bob".to_owned()), ..Progress::default() }), Step::Consent);
        let trusted = next_step(&request(&[], None), &client(true), Some(&session(1)), None, &Progress::default(), NOW);
        assert_eq!(trusted.unwrap(), Step::Issue);
    }

    #[test]
    fn a_hint_of_another_person_is_login_required() {
        let mut hinted = request(&[Prompt::None], None);
        hinted.subjects = vec!["bob".to_owned()];
        assert_eq!(step(&hinted, Some(&session(1)), "openid profile"), Err("login_required"));
        hinted.prompt.clear();
        assert_eq!(step(&hinted, Some(&session(1)), "openid profile"), Ok(Step::Login));
    }

    const MFA: &str = "urn:portcullis:acr:mfa";
    const PHR: &str = "urn:portcullis:acr:phr";

    /// The step for somebody who could reach `reachable`, a minute after the password.
    fn assured(request: &AuthorizationRequest, reachable: Acr) -> Result<Step, &'static str> {
        let session = SignedIn { has_second: reachable > Acr::SingleFactor, reachable, ..session(60) };
        step(request, Some(&session), "openid profile")
    }

    #[test]
    fn what_a_client_would_like_is_asked_of_those_who_can_and_of_nobody_else() {
        let wish = AuthorizationRequest { acr_values: vec![PHR.to_owned(), MFA.to_owned()], ..request(&[], None) };
        assert_eq!(assured(&wish, Acr::SingleFactor), Ok(Step::Issue));
        assert_eq!(assured(&wish, Acr::MultiFactor), Ok(Step::Factor));
        assert_eq!(assured(&wish, Acr::PhishingResistant), Ok(Step::Login));
        let silent = AuthorizationRequest { prompt: vec![Prompt::None], ..wish };
        assert_eq!(assured(&silent, Acr::MultiFactor), Ok(Step::Issue));
    }

    #[test]
    fn an_essential_class_is_reached_or_an_error() {
        let mut wish = request(&[], None);
        (wish.claims.acr_values, wish.claims.acr_essential) = (vec![MFA.to_owned()], true);
        assert_eq!(assured(&wish, Acr::SingleFactor), Err("unmet_authentication_requirements"));
        assert_eq!(assured(&wish, Acr::MultiFactor), Ok(Step::Factor));
        let stale = SignedIn { has_second: true, reachable: Acr::MultiFactor, ..session(601) };
        assert_eq!(step(&wish, Some(&stale), "openid profile"), Ok(Step::Login), "the password is asked for too");
        wish.prompt = vec![Prompt::None];
        assert_eq!(assured(&wish, Acr::MultiFactor), Err("interaction_required"));
        // A stronger one satisfies, and is told as the one that the client accepts.
        let strong = SignedIn { acr: Acr::PhishingResistant, ..session(60) };
        assert_eq!(step(&wish, Some(&strong), "openid profile"), Ok(Step::Issue));
        assert_eq!(super::super::told(&wish, Acr::PhishingResistant, Acr::SingleFactor), Acr::MultiFactor);
        assert_eq!(super::super::told(&wish, Acr::PhishingResistant, Acr::PhishingResistant), Acr::PhishingResistant);
    }

    #[test]
    fn what_the_server_wants_of_a_person_is_set_up_first() {
        let by = |policy, reachable| SignedIn {
            has_second: reachable > Acr::SingleFactor,
            reachable,
            policy,
            ..session(60)
        };
        let ask = |session: &SignedIn| step(&request(&[], None), Some(session), "openid profile");
        assert_eq!(ask(&by(Acr::MultiFactor, Acr::SingleFactor)), Ok(Step::Enrolment));
        assert_eq!(ask(&by(Acr::MultiFactor, Acr::MultiFactor)), Ok(Step::Factor));
        let silent =
            step(&request(&[Prompt::None], None), Some(&by(Acr::MultiFactor, Acr::SingleFactor)), "openid profile");
        assert_eq!(silent, Err("interaction_required"));
    }
}
