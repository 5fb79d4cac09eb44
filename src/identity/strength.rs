//! How easy a new password is to guess, by zxcvbn: what crackers try first, and not which kinds of characters it has.

use zxcvbn::feedback::Warning;

/// Why a password is easy to guess, as far as one sentence can say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It stands in a list of leaked passwords.
    Breached,
    /// Many people have this one, or one very much like it.
    Common,
    /// A name, or something that is known of the person.
    Name,
    /// A word by itself.
    Word,
    /// A sequence, a repetition, or neighbouring keys.
    Pattern,
    /// A date or a year.
    Date,
    /// Nothing in particular, but too little of it.
    Short,
}

/// What is weak about `password`, if zxcvbn's score (0 to 4) is below `min_score`. `known` are words that whoever
/// guesses would try for this person: user name, e-mail, name.
pub fn weakness(password: &str, known: &[&str], min_score: u8) -> Option<Weakness> {
    let parts = known.iter().flat_map(|word| word.split(['@', '.', ' ', '-', '_'])).filter(|part| part.len() > 2);
    let known: Vec<&str> = known.iter().copied().chain(parts).collect();
    let entropy = zxcvbn::zxcvbn(password, &known);
    if u8::from(entropy.score()) >= min_score {
        return None;
    }
    let warning = entropy.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    Some(match warning {
        Some(
            Warning::ThisIsATop10Password
            | Warning::ThisIsATop100Password
            | Warning::ThisIsACommonPassword
            | Warning::ThisIsSimilarToACommonlyUsedPassword,
        ) => Weakness::Common,
        Some(Warning::NamesAndSurnamesByThemselvesAreEasyToGuess | Warning::CommonNamesAndSurnamesAreEasyToGuess) => {
            Weakness::Name
        }
        Some(Warning::AWordByItselfIsEasyToGuess) => Weakness::Word,
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => Weakness::Date,
        Some(_) => Weakness::Pattern,
        None => Weakness::Short,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crackers_try_first_is_weak_and_a_few_words_are_not() {
        for (password, why) in [
            ("password1", Weakness::Common),
            ("qwertyuiop", Weakness::Common),
            ("abcdefgh", Weakness::Pattern),
            ("aaaaaaaaaa", Weakness::Pattern),
        ] {
            assert_eq!(weakness(password, &[], 2), Some(why), "{password}");
        }
        for good in ["correct horse battery", "Tr0ub4dour&3x", "zwölf Boxkämpfer jagen"] {
            assert_eq!(weakness(good, &[], 2), None, "{good}");
        }
    }

    #[test]
    fn what_is_known_of_the_person_counts_for_nothing() {
        let known = ["wilhelmina", "wilhelmina.grossmann@example.test", "Wilhelmina Grossmann"];
        assert_eq!(weakness("wilhelminagrossmann", &[], 2), None);
        assert!(weakness("wilhelminagrossmann", &known, 2).is_some());
        assert!(weakness("wilhelmina1", &known, 2).is_some());
    }

    #[test]
    fn a_server_that_asks_for_nothing_refuses_nothing() {
        assert_eq!(weakness("password", &[], 0), None);
    }
}
