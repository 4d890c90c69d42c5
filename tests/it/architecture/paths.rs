//! Reads which paths a source file names, where, and which of them lead into our own modules.

use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A source file as far as the arrows go.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path in the project.
    pub(crate) file: String,
    /// The module it holds; `main` for the binary, nothing for the root of the library.
    pub(crate) module: Vec<String>,
    /// Every path and every lone name outside `#[cfg(test)]`, comments and texts.
    pub(crate) mentions: Vec<Mention>,
    /// Modules in other files that are only compiled for tests.
    pub(crate) test_modules: Vec<Vec<String>>,
}

/// A path that is named.
#[derive(Debug)]
pub(crate) struct Mention {
    /// The line, from 1.
    pub(crate) line: usize,
    /// As it is written, groups taken apart.
    pub(crate) path: Vec<String>,
    /// The same from the root of the library, where it leads there.
    pub(crate) ours: Option<Vec<String>>,
}

impl Source {
    /// Reads `text`, the content of `file` (`src/log/codec.rs`).
    pub(crate) fn parse(file: &str, text: &str) -> Self {
        let name = file.trim_start_matches("src/").trim_end_matches(".rs");
        let module: Vec<String> = match name {
            "lib" => Vec::new(),
            name => name.split('/').map(str::to_owned).collect(),
        };
        let tokens = TokenStream::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut source = Self {
            file: file.to_owned(),
            module: module.clone(),
            mentions: Vec::new(),
            test_modules: Vec::new(),
        };
        source.read(tokens, &module);
        source
    }

    fn read(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Punct(punct)
                    if punct.as_char() == '#' && is_for_tests(tokens.get(at + 1)) =>
                {
                    self.skip_item(&tokens, at + 2, module)
                }
                TokenTree::Ident(word) if word == "mod" => {
                    match (tokens.get(at + 1), tokens.get(at + 2)) {
                        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                            let mut inner = module.to_vec();
                            inner.push(name.to_string());
                            self.read(body.stream(), &inner);
                            at + 3
                        }
                        _ => at + 1,
                    }
                }
                TokenTree::Ident(_) => self.path(&tokens, at, &[], module),
                TokenTree::Group(group) => {
                    self.read(group.stream(), module);
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    /// Reads the path that begins at `at` and goes on after `prefix`; returns where it ends.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        prefix: &[String],
        module: &[String],
    ) -> usize {
        let mut path = prefix.to_vec();
        while let Some(TokenTree::Ident(word)) = tokens.get(at) {
            let line = word.span().start().line;
            path.push(word.to_string());
            at += 1;
            if !is_colons(tokens, at) {
                self.mention(line, path, module);
                return at;
            }
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.branches(group, &path, module);
                    return at + 3;
                }
                // `path::*` and `path::<T>`: the path itself; what follows is read for itself.
                _ => {
                    self.mention(line, path, module);
                    return at + 2;
                }
            }
        }
        at
    }

    /// Reads `{a, b::c, {d}}` after `prefix`.
    fn branches(&mut self, group: &Group, prefix: &[String], module: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(word) if word == "as" => at + 2,
                TokenTree::Ident(_) => self.path(&tokens, at, prefix, module),
                TokenTree::Group(inner) => {
                    self.branches(inner, prefix, module);
                    at + 1
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.mention(punct.span().start().line, prefix.to_vec(), module);
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    fn mention(&mut self, line: usize, path: Vec<String>, module: &[String]) {
        let ours = match path.first().map(String::as_str) {
            Some("crate" | "daicho") => Some(path[1..].to_vec()),
            Some("self") => Some([module, &path[1..]].concat()),
            Some("super") => {
                let up = path.iter().take_while(|word| *word == "super").count();
                Some([&module[..module.len().saturating_sub(up)], &path[up..]].concat())
            }
            _ => None,
        };
        self.mentions.push(Mention { line, path, ours });
    }

    /// Skips the item after `#[cfg(test)]`; returns where the next one begins.
    fn skip_item(&mut self, tokens: &[TokenTree], mut at: usize, module: &[String]) -> usize {
        let mut in_use = false;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Ident(word) if word == "use" => in_use = true,
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at) {
                        self.test_modules
                            .push([module, &[name.to_string()]].concat());
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !in_use => {
                    break;
                }
                _ => {}
            }
        }
        at
    }
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    // `a: ::b` begins another path, and no path has three colons.
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1)) && is_joint(tokens.get(at))
}

fn is_joint(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.spacing() == proc_macro2::Spacing::Joint)
}

fn is_for_tests(attribute: Option<&TokenTree>) -> bool {
    matches!(attribute, Some(TokenTree::Group(group)) if group.to_string().replace(' ', "") == "[cfg(test)]")
}
