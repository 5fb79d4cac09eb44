//! `portcullis user`.

use std::io::{IsTerminal as _, Read as _};
use std::net::Ipv4Addr;
use std::path::Path;

use clap::Subcommand;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::offline::Offline;
use super::out::{date, say, say_json, say_table};
use super::{Failure, user_import};
use crate::identity::{Invited, NewUser, Origin};
use crate::storage::{ChallengeRecord, UserRecord, Users as _};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a user. The password is asked for, or read from standard input.
    Create {
        username: String,
        #[arg(long)]
        email: Option<String>,
        /// The address is known to be theirs.
        #[arg(long, requires = "email")]
        email_verified: bool,
        /// Standard claims as a JSON object, such as {"name": "Alice Lidell"}.
        #[arg(long, value_name = "JSON")]
        claims: Option<String>,
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Take in the users of another system, their password hashes as they are. Each who is refused is reported with the
    /// reason, and the exit code is 3 then.
    Import(user_import::Args),
    /// Let whoever reads the mails of an address make an account with it: by a mail, or by the link that is printed where none
    /// are written. Earlier invitations of the address end.
    Invite { email: String },
    /// List the invitations that can still be used.
    Invitations {
        /// As JSON, one invitation per line.
        #[arg(long)]
        json: bool,
    },
    /// Take back what an address was invited by.
    Uninvite { email: String },
    /// List the users.
    List {
        /// As JSON, one user per line.
        #[arg(long)]
        json: bool,
    },
    /// Print one user as JSON: by name, e-mail or id.
    Show { user: String },
    /// End everything a user is signed in to, and refuse new sign-ins.
    Disable { user: String },
    /// Let a disabled user sign in again.
    Enable { user: String },
    /// End everything a user is signed in to.
    SignOut {
        user: String,
        /// Their API keys end too.
        #[arg(long)]
        api_keys: bool,
    },
    /// Delete a user and everything that hangs on them, but the record of security events; it cannot be undone. They are told
    /// where mail is configured.
    Delete {
        user: String,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
    /// Remove the authenticator app, the passkeys and the recovery codes of a user who has lost them.
    ResetFactors { user: String },
    /// Give a user an e-mail address; the old one is told where mail is configured.
    SetEmail {
        user: String,
        email: String,
        /// The address is known to be theirs.
        #[arg(long)]
        verified: bool,
    },
    /// Set a password; every session and refresh token of the user ends.
    SetPassword {
        user: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Debug, clap::Args)]
pub struct PasswordArgs {
    /// Read the password from standard input, up to its end or the first line break.
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordArgs {
    /// The password: never from the command line, where others can read it.
    fn read(&self) -> Result<SecretString, Failure> {
        let failed = |error: std::io::Error| Failure::failed(format!("the password cannot be read: {error}"));
        if self.password_stdin || !std::io::stdin().is_terminal() {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(failed)?;
            let line = text.lines().next().unwrap_or_default();
            if line.is_empty() {
                return Err(Failure::usage("no password came from standard input"));
            }
            return Ok(SecretString::from(line.to_owned()));
        }
        let first = rpassword::prompt_password("Password: ").map_err(failed)?;
        let again = rpassword::prompt_password("Again: ").map_err(failed)?;
        if first == again { Ok(SecretString::from(first)) } else { Err(Failure::usage("the two do not match")) }
    }
}

pub async fn run(file: Option<&Path>, verb: Verb) -> Result<(), Failure> {
    let offline = Offline::open(file).await?;
    let outcome = act(&offline, verb).await;
    offline.done(outcome).await
}

async fn act(offline: &Offline, verb: Verb) -> Result<(), Failure> {
    let identity = offline.identity();
    match verb {
        Verb::Create { username, email, email_verified, claims, admin, password } => {
            let claims: Map<String, Value> = match claims {
                Some(text) => serde_json::from_str(&text)
                    .map_err(|error| Failure::usage(format!("the claims are no JSON object: {error}")))?,
                None => Map::new(),
            };
            let password = Some(password.read()?);
            let new = NewUser { username, email, email_verified, password, claims, is_admin: admin };
            let user = identity.create_user(new).await?;
            say_json(&shown(&user));
            Ok(())
        }
        Verb::Import(args) => user_import::run(offline, args).await,
        Verb::Invite { email } => invite(offline, &email).await,
        Verb::Invitations { json } => invitations(offline, json).await,
        Verb::Uninvite { email } => {
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user uninvite", "");
            if !identity.uninvite(&email, &here).await? {
                return Err(Failure::failed(format!(
                    "there is no invitation of {email}; `portcullis user invitations` lists them"
                )));
            }
            say(&format!("{email} is invited no more"));
            Ok(())
        }
        Verb::List { json } => list(offline, json).await,
        Verb::Show { user } => {
            let user = find(offline, &user).await?;
            let factors = identity.second_factors(&user.id).await?;
            let mut shown = shown(&user);
            if let Some(members) = shown.as_object_mut() {
                let factors = json!({
                    "totp": factors.totp,
                    "passkeys": factors.passkeys,
                    "recovery_codes": factors.recovery_codes,
                });
                members.insert("factors".to_owned(), factors);
            }
            say_json(&shown);
            Ok(())
        }
        Verb::Disable { user } => set_disabled(offline, &user, true).await,
        Verb::Enable { user } => set_disabled(offline, &user, false).await,
        Verb::SignOut { user, api_keys } => {
            let user = find(offline, &user).await?;
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user sign-out", "");
            identity.sign_out_user(&user.id, api_keys, &here).await?;
            say(&format!("{} is signed out everywhere", user.username));
            Ok(())
        }
        Verb::Delete { user, yes } => {
            let user = find(offline, &user).await?;
            if !yes {
                return Err(Failure::usage(format!(
                    "this deletes {} ({}) for good; say --yes to do it",
                    user.username, user.id
                )));
            }
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user delete", "");
            identity.delete_account(&user, &here).await?;
            say(&format!("{} is deleted", user.username));
            Ok(())
        }
        Verb::ResetFactors { user } => {
            let user = find(offline, &user).await?;
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user reset-factors", "");
            identity.reset_factors(&user, &here).await?;
            say(&format!(
                "{} has no authenticator app, passkeys and recovery codes any more; the password alone lets them in",
                user.username
            ));
            Ok(())
        }
        Verb::SetEmail { user, email, verified } => {
            let user = find(offline, &user).await?;
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user set-email", "");
            identity.set_email(&user, &email, verified, &here).await?;
            say_json(&shown(&find(offline, &user.id).await?));
            Ok(())
        }
        Verb::SetPassword { user, password } => {
            let user = find(offline, &user).await?;
            let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user set-password", "");
            identity.set_password(&user, &password.read()?, &here).await?;
            say(&format!("{} has a new password; what was signed in before has ended", user.username));
            Ok(())
        }
    }
}

async fn invite(offline: &Offline, email: &str) -> Result<(), Failure> {
    let here = Origin::new(Ipv4Addr::LOCALHOST.into(), "portcullis user invite", "");
    let invited = offline.identity().invite(email, &here).await;
    match invited.map_err(|error| Failure::failed(error.to_string()))? {
        Invited::ByMail { expires_at } => {
            say(&format!("an invitation is on its way; it can be used until {}", date(expires_at.millis())));
        }
        Invited::ByLink { token, expires_at } => {
            let link = offline.config.issuer.endpoint(&format!("/register/new?token={}", token.expose()));
            say(&format!("{link}\nhand it over; it can be used once, until {}", date(expires_at.millis())));
        }
    }
    Ok(())
}

async fn invitations(offline: &Offline, as_json: bool) -> Result<(), Failure> {
    let open = offline.identity().invitations().await?;
    let email = |invitation: &ChallengeRecord| invitation.email.clone().unwrap_or_default();
    if as_json {
        for invitation in &open {
            let shown = json!({
                "email": email(invitation),
                "created_at": invitation.created_at / 1000,
                "expires_at": invitation.expires_at / 1000,
            });
            say(&shown.to_string());
        }
        return Ok(());
    }
    let row = |invitation: &ChallengeRecord| {
        vec![email(invitation), date(invitation.created_at), date(invitation.expires_at)]
    };
    say_table(&["EMAIL", "INVITED", "UNTIL"], &open.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

async fn set_disabled(offline: &Offline, name: &str, disabled: bool) -> Result<(), Failure> {
    let user = find(offline, name).await?;
    let command = if disabled { "portcullis user disable" } else { "portcullis user enable" };
    let here = Origin::new(Ipv4Addr::LOCALHOST.into(), command, "");
    offline.identity().set_disabled(&user.id, disabled, &here).await?;
    say(&format!("{} is {}", user.username, if disabled { "disabled" } else { "enabled" }));
    Ok(())
}

async fn list(offline: &Offline, as_json: bool) -> Result<(), Failure> {
    const PAGE: i64 = 500;
    let mut after = String::new();
    let mut rows = Vec::new();
    loop {
        let page = offline.store.list_users(&after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.username);
        for user in &page {
            if as_json {
                say(&shown(user).to_string());
            } else {
                rows.push(row(user));
            }
        }
    }
    if !as_json {
        say_table(&["USERNAME", "EMAIL", "ROLE", "CREATED", "STATE", "ID"], &rows);
    }
    Ok(())
}

fn row(user: &UserRecord) -> Vec<String> {
    vec![
        user.username.clone(),
        user.email.clone().unwrap_or_default(),
        if user.is_admin { "admin" } else { "user" }.to_owned(),
        date(user.created_at),
        if user.disabled_at.is_some() { "disabled" } else { "enabled" }.to_owned(),
        user.id.clone(),
    ]
}

fn shown(user: &UserRecord) -> Value {
    json!({
        "sub": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified,
        "claims": serde_json::from_str::<Value>(&user.claims).unwrap_or_default(),
        "admin": user.is_admin,
        "disabled": user.disabled_at.is_some(),
        "has_password": user.password_hash.is_some(),
        "created_at": user.created_at / 1000,
    })
}

async fn find(offline: &Offline, name: &str) -> Result<UserRecord, Failure> {
    let found = offline.identity().find_user(name).await?;
    found.ok_or_else(|| Failure::failed(format!("there is no user {name}; `portcullis user list` lists them")))
}
