use super::Assignments;

#[test]
fn a_value_with_nul_is_an_error_that_does_not_show_it() {
    let mut set = Assignments::default();
    set.add("AWS_ACCESS_KEY_ID", "AKIA");
    set.add("AWS_SECRET_ACCESS_KEY", "canary\0");
    let error = set.whole().err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("AWS_SECRET_ACCESS_KEY contains a NUL byte") && !error.contains("canary"), "{error}");
}
