//! What a start tells Telegram once: the menu of commands and, in webhook mode, where to post.

use super::{CallError, Command, Gateway};
use crate::message::{COMMANDS, Lang};

/// Sets the menu of [`COMMANDS`] in both languages; Russian for everybody else. `describe` gives the
/// text beside a command, 1 to 256 characters.
///
/// # Errors
/// The first call that failed; the earlier ones stand, and all may be repeated.
pub async fn set_menu(
    gateway: &dyn Gateway,
    describe: impl Fn(Lang, &str) -> String + Send,
) -> Result<(), CallError> {
    for (shown_to, lang) in [(None, Lang::Ru), (Some(Lang::Ru), Lang::Ru), (Some(Lang::En), Lang::En)] {
        let menu: Vec<Command> = COMMANDS
            .iter()
            .map(|(name, _)| Command { name: (*name).to_owned(), description: describe(lang, name) })
            .collect();
        gateway.set_commands(shown_to, &menu).await?;
    }
    Ok(())
}
