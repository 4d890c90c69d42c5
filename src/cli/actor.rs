//! Who uses the command, as far as the command line and the machine say.

/// Who uses the command: the name given, else the login name.
pub(super) fn actor(
    given: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let given = given
        .map(str::to_owned)
        .filter(|name| !name.trim().is_empty());
    given.or_else(|| login(variable))
}

/// The login name, where the machine says it.
pub(super) fn login(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| variable(name).filter(|login| !login.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_given_goes_before_the_login_name() {
        let login = |name: &str| (name == "LOGNAME").then(|| "clerk".to_owned());
        assert_eq!(
            actor(Some("総務文書課"), login).as_deref(),
            Some("総務文書課")
        );
        assert_eq!(actor(Some(" "), login).as_deref(), Some("clerk"));
        assert_eq!(actor(None, |_| None), None);
    }
}
