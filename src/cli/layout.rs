//! Columns and paragraphs of plain text.

/// Characters between two columns.
const GAP: &str = "  ";

/// Rows in columns that are as wide as their widest cell; the last one is as it is. No line ends in a space.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let padding = width.saturating_sub(cell.chars().count());
            line.extend([cell, " ".repeat(padding).as_str(), GAP]);
        }
        text.extend([line.trim_end(), "\n"]);
    }
    text
}

/// Rows for a script: cells separated by tabs, which no cell may hold.
pub(super) fn tabbed<const N: usize>(rows: &[[String; N]]) -> String {
    rows.iter().map(|row| row.join("\t") + "\n").collect()
}

/// The lines of `text` broken between words so that each fits `width` characters behind an indentation of `indent`, which
/// the first line does not get. A word that fits no line gets one of its own.
pub(super) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(1);
    let lines = text.lines().flat_map(|line| broken(line, room));
    lines.collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(indent)))
}

fn broken(line: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split_whitespace() {
        let last = lines.len() - 1;
        let taken = lines[last].chars().count();
        if taken == 0 {
            lines[last].push_str(word);
        } else if taken + 1 + word.chars().count() <= room {
            lines[last].extend([" ", word]);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [[String; 2]; 2] {
        [["a", "long cell"], ["wider", ""]].map(|row| row.map(str::to_owned))
    }

    #[test]
    fn columns_stand_below_each_other() {
        assert_eq!(columns(&rows()), "a      long cell\nwider\n");
        assert_eq!(tabbed(&rows()), "a\tlong cell\nwider\t\n");
    }

    #[test]
    fn words_are_broken_behind_the_indentation() {
        assert_eq!(wrapped("one two three\nfour", 2, 9), "one two\n  three\n  four");
        assert_eq!(wrapped("a-word-that-is-too-long b", 4, 8), "a-word-that-is-too-long\n    b");
        assert_eq!(wrapped("", 4, 8), "");
    }
}
