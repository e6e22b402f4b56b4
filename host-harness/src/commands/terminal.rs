//! What standard output is: a terminal of some width, with or without colours, or a file. `NO_COLOR` switches colours off, `CLICOLOR_FORCE=1`
//! switches them on for a file too.

use console::{Style, Term};

/// Standard output.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// Columns; none if it is no terminal.
    width: Option<usize>,
    colours: bool,
}

/// The narrowest terminal to which lines are fitted.
const NARROWEST: usize = 40;

impl Terminal {
    /// Standard output as it is now.
    pub fn stdout() -> Terminal {
        let width = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns).max(NARROWEST));
        Terminal {
            width: width.filter(|_| console::user_attended()),
            colours: console::colors_enabled() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// A line without its end, cut to the terminal's width.
    pub fn fit(&self, line: &str) -> String {
        match self.width {
            Some(width) if line.chars().count() > width => {
                let cut: String = line.chars().take(width - 1).collect();
                format!("{cut}…")
            }
            _ => line.to_owned(),
        }
    }

    /// The heading of an entry.
    pub fn strong(&self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    /// Details.
    pub fn faint(&self, text: &str) -> String {
        self.styled(text, Style::new().dim())
    }

    /// Something that was done.
    pub fn good(&self, text: &str) -> String {
        self.styled(text, Style::new().green())
    }

    /// Something that failed.
    pub fn bad(&self, text: &str) -> String {
        self.styled(text, Style::new().red())
    }

    /// Something that was left out.
    pub fn aside(&self, text: &str) -> String {
        self.styled(text, Style::new().yellow())
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.colours { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_to_the_width_and_coloured_only_where_colours_are_wanted() {
        let narrow = Terminal { width: Some(5), colours: false };
        assert_eq!((narrow.fit("строка"), narrow.fit("пять5")), ("стро…".to_owned(), "пять5".to_owned()));
        let file = Terminal { width: None, colours: false };
        assert_eq!((file.fit("строка"), file.bad("x")), ("строка".to_owned(), "x".to_owned()));
        let coloured = Terminal { width: None, colours: true };
        assert_eq!(coloured.bad("x"), "\u{1b}[31mx\u{1b}[0m");
    }
}
