//! `vedette users`: who may sign in, through the server.

use super::table::write_list;
use crate::args::UsersCommand;
use crate::client::{Client, json};
use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{Read, Write};

/// Longest password that is read, in bytes: the server takes no longer one.
const LONGEST: u64 = 1024;

pub fn run(command: &UsersCommand) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    match command {
        UsersCommand::List { target, format } => {
            let users = Client::need(target)?.all("users")?;
            let columns = ["username", "role", "disabled", "created_at", "last_sign_in"];
            let none = "No users yet: the server prints a link that makes the first one.";
            write_list(&mut out, &columns, &users, *format, none)?;
        }
        UsersCommand::Add { target, name, role, password_stdin } => {
            let (password, made) = password(*password_stdin)?;
            let body = json!({"username": name, "password": password, "role": role.as_str()});
            json(Client::need(target)?.post("/users", &body)?)?;
            eprintln!("{name} is added with the role {}.", role.as_str());
            show_made(&mut out, &password, made)?;
        }
        UsersCommand::Role { target, name, role } => {
            change(&Client::need(target)?, name, &json!({"role": role.as_str()}))?;
            writeln!(out, "{name} now has the role {}.", role.as_str())?;
        }
        UsersCommand::Disable { target, name } => {
            change(&Client::need(target)?, name, &json!({"disabled": true}))?;
            writeln!(out, "{name} is kept out.")?;
        }
        UsersCommand::Enable { target, name } => {
            change(&Client::need(target)?, name, &json!({"disabled": false}))?;
            writeln!(out, "{name} may sign in again.")?;
        }
        UsersCommand::Reset { target, name, password_stdin } => {
            let (password, made) = password(*password_stdin)?;
            change(&Client::need(target)?, name, &json!({"password": password}))?;
            eprintln!("{name} has a new password; their sessions are over.");
            show_made(&mut out, &password, made)?;
        }
        UsersCommand::Remove { target, name } => {
            Client::need(target)?.delete(&path(name))?;
            writeln!(out, "{name} is removed.")?;
        }
    }
    Ok(0)
}

fn change(client: &Client, name: &str, change: &Value) -> Result<(), Failure> {
    client.patch(&path(name), change).map(|_| ())
}

fn path(name: &str) -> String {
    format!("/users/{}", crate::client::encode(&name.trim().to_lowercase()).replace('/', "%2F"))
}

/// The password, and whether it was made here. Never from an argument: those are seen by others on the
/// machine, and kept in the shell's history.
fn password(from_input: bool) -> Result<(String, bool), Failure> {
    if !from_input {
        // 122 random bits.
        return Ok((uuid::Uuid::new_v4().simple().to_string(), true));
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST + 2)
        .read_to_string(&mut text)
        .map_err(|error| Failure::Input(format!("the password on standard input: {error}")))?;
    Ok((text.trim_end_matches(['\r', '\n']).to_owned(), false))
}

/// The password alone on standard output, for scripts.
fn show_made(out: &mut impl Write, password: &str, made: bool) -> Result<(), Failure> {
    if made {
        eprintln!("The password is shown this once; they should change it after signing in:");
        writeln!(out, "{password}")?;
    }
    Ok(())
}
