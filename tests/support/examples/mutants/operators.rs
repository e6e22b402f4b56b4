//! The places of a source at which one operator can change it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A kind of change.
pub struct Operator {
    pub name: &'static str,
    pub what: &'static str,
}

/// All operators.
pub const OPERATORS: [Operator; 8] = [
    Operator { name: "negation", what: "a condition is negated" },
    Operator { name: "comparison", what: "< becomes <=, == becomes !=, and so on" },
    Operator { name: "connective", what: "&& becomes ||, and the other way round" },
    Operator { name: "arithmetic", what: "+ becomes -, * becomes +, and the other way round" },
    Operator { name: "constant", what: "a number is one more, true becomes false" },
    Operator { name: "statement", what: "a statement that is a call or an assignment is left out" },
    Operator { name: "return", what: "a function's body becomes Default::default()" },
    Operator { name: "text", what: "a string literal gets one more letter" },
];

/// One change.
pub struct Mutation {
    pub operator: &'static str,
    /// The file, below the plugin's `src`.
    pub file: String,
    line: usize,
    /// The bytes that are replaced.
    pub range: Range<usize>,
    pub by: String,
    was: String,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if text.chars().count() <= 60 { text } else { format!("{}…", text.chars().take(60).collect::<String>()) }
        };
        write!(f, "{} at {}:{} `{}` → `{}`", self.operator, self.file, self.line, short(&self.was), short(&self.by))
    }
}

/// All possible changes of these sources (name and text), by operator.
pub fn candidates(sources: &[(String, String)]) -> BTreeMap<&'static str, Vec<Mutation>> {
    let mut all: BTreeMap<&'static str, Vec<Mutation>> = OPERATORS.iter().map(|operator| (operator.name, Vec::new())).collect();
    for (file, text) in sources {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut finder = Finder { file, text, all: &mut all };
        finder.visit_file(&parsed);
    }
    all
}

struct Finder<'a> {
    file: &'a str,
    text: &'a str,
    all: &'a mut BTreeMap<&'static str, Vec<Mutation>>,
}

impl Finder<'_> {
    fn add(&mut self, operator: &'static str, range: Range<usize>, by: String) {
        let line = self.text[..range.start].lines().count().max(1);
        let was = self.text[range.clone()].to_owned();
        let mutation = Mutation { operator, file: self.file.to_owned(), line, range, by, was };
        self.all.get_mut(operator).expect("a known operator").push(mutation);
    }

    fn condition(&mut self, condition: &syn::Expr) {
        if !has_let(condition) {
            let range = condition.span().byte_range();
            self.add("negation", range.clone(), format!("!({})", &self.text[range]));
        }
    }

    /// A string literal in plain quotes.
    fn words(&mut self, range: Range<usize>) {
        if let Some(open) = self.text[range.clone()].strip_suffix('"').filter(|open| open.starts_with('"')) {
            let by = format!("{open}z\"");
            self.add("text", range, by);
        }
    }

    fn literal(&mut self, literal: &syn::Lit) {
        let range = literal.span().byte_range();
        match literal {
            syn::Lit::Int(number) => {
                if let Ok(value) = number.base10_parse::<u64>() {
                    self.add("constant", range, format!("{}{}", value.saturating_add(1), number.suffix()));
                }
            }
            syn::Lit::Bool(value) => self.add("constant", range, (!value.value).to_string()),
            syn::Lit::Str(_) => self.words(range),
            _ => {}
        }
    }

    /// The literals in the arguments of a macro that makes a value.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => self.words(literal.span().byte_range()),
                _ => {}
            }
        }
    }

    fn body(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if matches!(signature.output, syn::ReturnType::Type(..)) && signature.constness.is_none() && !block.stmts.is_empty() {
            self.add("return", block.span().byte_range(), "{ Default::default() }".into());
        }
    }
}

/// Whether a condition has `let`: it cannot be negated, and its `&&` cannot become `||`.
fn has_let(condition: &syn::Expr) -> bool {
    match condition {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("test") || attribute.path().is_ident("cfg"))
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.body(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_expr_if(&mut self, expression: &'ast syn::ExprIf) {
        self.condition(&expression.cond);
        visit::visit_expr_if(self, expression);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.condition(guard);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_binary(&mut self, expression: &'ast syn::ExprBinary) {
        use syn::BinOp::{Add, And, Div, Eq, Ge, Gt, Le, Lt, Mul, Ne, Or, Sub};
        let (operator, by) = match expression.op {
            Lt(_) => ("comparison", "<="),
            Le(_) => ("comparison", "<"),
            Gt(_) => ("comparison", ">="),
            Ge(_) => ("comparison", ">"),
            Eq(_) => ("comparison", "!="),
            Ne(_) => ("comparison", "=="),
            And(_) => ("connective", "||"),
            Or(_) => ("connective", "&&"),
            Add(_) => ("arithmetic", "-"),
            Sub(_) => ("arithmetic", "+"),
            Mul(_) => ("arithmetic", "+"),
            Div(_) => ("arithmetic", "*"),
            _ => ("", ""),
        };
        // The `&&` of a chain with `let` has no counterpart.
        let chained = operator == "connective" && (has_let(&expression.left) || has_let(&expression.right));
        if !operator.is_empty() && !chained {
            self.add(operator, expression.op.span().byte_range(), by.into());
        }
        visit::visit_expr_binary(self, expression);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(expression, Some(_)) = statement
            && matches!(expression, syn::Expr::Call(_) | syn::Expr::MethodCall(_) | syn::Expr::Assign(_))
        {
            self.add("statement", statement.span().byte_range(), String::new());
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_lit(&mut self, expression: &'ast syn::ExprLit) {
        self.literal(&expression.lit);
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        if ["format", "json", "vec", "matches"].iter().any(|name| found.path.is_ident(name)) {
            self.tokens(found.tokens.clone());
        }
    }
}
