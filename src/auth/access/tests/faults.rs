//! Policies that are not taken, and those that cannot answer.

use super::*;

fn told(text: &str) -> String {
    let world = world();
    let policy = AccessPolicy::parse(text).unwrap();
    let faults = Authorizer::default().faults(&policy, &world.directory, world.today);
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("\n")
}

const PUBLISHES: &str = "@id(\"publishes\") permit (principal in Daicho::Role::\"planning\", \
                         action == Daicho::Action::\"PublishAccessPolicy\", resource);\n";

#[test]
fn the_built_in_policies_are_sound_and_named() {
    assert_eq!(told(BUILT_IN), "");
    assert_eq!(told(PUBLISHES), "");
    assert!(BUILT_IN.len() <= AccessPolicy::BYTES_MAX / 2);
}

#[test]
fn faults_are_told_with_their_place() {
    let broken = told(&format!("{PUBLISHES}permit (principal, action"));
    assert!(broken.starts_with("2:"), "{broken}");
    let typo = told(&format!(
        "{PUBLISHES}@id(\"x\")\npermit (principal in Daicho::Role::\"clrek\", action, resource);"
    ));
    assert!(typo.starts_with("3:"), "{typo}");
    let attribute = told(&format!(
        "{PUBLISHES}@id(\"x\")\npermit (principal, action == Daicho::Action::\"ReadGoal\", resource)\n  \
         when {{ resource.sction }};"
    ));
    assert!(attribute.starts_with("4:"), "{attribute}");
    let context = told(&format!(
        "{PUBLISHES}@id(\"x\")\npermit (principal, action == Daicho::Action::\"ReadGoal\", resource)\n  \
         when {{ context.author == \"a\" }};"
    ));
    assert!(
        context.starts_with("4:"),
        "an attribute that may be absent: {context}"
    );
}

#[test]
fn all_faults_are_told_at_once() {
    let text = "permit (principal, action, resource) when { resource.nothing };\n\
                @id(\"b\") permit (principal, action == Daicho::Action::\"Fly\", resource);\n\
                @id(\"b\") permit (principal, action, resource);\n\
                @id(\"t\") permit (principal == ?principal, action, resource);";
    let told = told(text);
    for part in [
        "templates",
        "@id",
        "two policies have the id `b`",
        "Fly",
        "nothing",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn no_policy_passes_for_the_servers_configuration() {
    let all = |id: &str| format!("@id(\"{id}\") permit (principal, action, resource);");
    let reserved =
        "the id `named-administrator` is kept for whoever the server's configuration names";
    assert_eq!(told(&all("named-administrator")), reserved);
    assert_eq!(told(&all(" named-administrator ")), reserved);
    assert_eq!(told(&all("named-administrators")), "");
}

#[test]
fn a_text_after_which_nobody_could_publish_another_is_not_taken() {
    let told = told("@id(\"r\") permit (principal, action in Daicho::Action::\"read\", resource);");
    assert!(told.contains("no role could publish another"), "{told}");
}

#[test]
fn what_cannot_be_answered_is_refused_and_counted() {
    // Valid against the schema, and an error where the numbers do not fit.
    let text = format!(
        "{PUBLISHES}@id(\"a\") permit (principal, action, resource);\n\
         @id(\"e\") permit (principal, action, resource) when {{ context.today * 9223372036854775807 == 0 }};"
    );
    let policy = AccessPolicy::parse(&text).unwrap();
    let policies = InForce::of(Arc::new(CompiledPolicies::read(&policy).unwrap()));
    let (world, authorizer) = (world(), Authorizer::default());
    let seats = [seat_of(Role::Clerk, true)];
    let facts = facts(&world, Action::ReadGoal);
    // Each time, though the answer is remembered.
    for _ in 0..2 {
        let mut failures = authorizer.failures();
        let outcome = asked(&authorizer, &policies, &seats, &facts, &world);
        assert_eq!(outcome.unwrap_err().cause, Cause::NotPermitted);
        assert!(failures.has_changed().unwrap());
        assert!(0 < *failures.borrow_and_update());
    }
}

#[test]
fn policies_that_cannot_be_read_any_more_let_nobody_in() {
    let mut world = world();
    let content = PolicyContent::Access(AccessPolicy::parse("permit (principal, action").unwrap());
    world.accept(fact(published("権限", 1, content)).on(TODAY));
    let authorizer = Authorizer::default();
    let in_force = authorizer.in_force(&world.directory, world.today).unwrap();
    let seats = [seat_of(Role::Auditor, true)];
    let facts = facts(&world, Action::ReadLedger);
    let outcome = asked(&authorizer, &in_force, &seats, &facts, &world);
    assert_eq!(outcome.unwrap_err().cause, Cause::NoSeat);
    assert_eq!(*authorizer.failures().borrow(), 1);
}
