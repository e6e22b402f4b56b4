//! Finds the imports and the paths in the code of a module.

use proc_macro2::{Delimiter, Ident, Spacing, Span, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Macro, Meta, Token, UseTree, Visibility};

use super::tree::line;

/// A path in the code.
pub struct Used {
    pub path: Vec<String>,
    pub line: usize,
    /// Set if the path is an import; none if it is in an expression, a type or a macro.
    pub import: Option<Import>,
    glob: bool,
}

/// What a `use` imports into its module.
pub struct Import {
    /// The imported name; `None` for a glob import.
    pub name: Option<String>,
    pub public: bool,
}

impl Used {
    /// The path as it is written in the code.
    pub fn shown(&self) -> String {
        format!("{}{}", self.path.join("::"), if self.glob { "::*" } else { "" })
    }
}

/// The imports and the paths of some items, without code that is compiled only for tests.
pub fn used(items: &[Item]) -> Vec<Used> {
    let mut collector = Collector::default();
    items.iter().for_each(|item| collector.visit_item(item));
    collector.used
}

/// Whether an item with these attributes is compiled only for tests: `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`.
pub fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            || attribute.path().is_ident("cfg") && attribute.parse_args().is_ok_and(|condition| needs_test(&condition))
    })
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => {
            list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).is_ok_and(|conditions| conditions.iter().any(needs_test))
        }
        _ => false,
    }
}

#[derive(Default)]
struct Collector {
    used: Vec<Used>,
    /// The line of the attribute while paths in an attribute's text are collected.
    line: Option<usize>,
}

impl Collector {
    /// Adds a path. A single name is left out: it was imported, which is found separately, or belongs to the module itself.
    fn code(&mut self, path: Vec<String>, glob: bool, at: Span) {
        if path.len() > 1 || glob {
            let line = self.line.unwrap_or_else(|| line(at));
            self.used.push(Used { path, line, import: None, glob });
        }
    }

    fn import(&mut self, before: &[String], tree: &UseTree, public: bool) {
        let (last, name, glob) = match tree {
            UseTree::Path(found) => {
                let path: Vec<String> = before.iter().cloned().chain([found.ident.to_string()]).collect();
                return self.import(&path, &found.tree, public);
            }
            UseTree::Group(found) => return found.items.iter().for_each(|tree| self.import(before, tree, public)),
            UseTree::Name(found) => (Some(&found.ident), None, false),
            UseTree::Rename(found) => (Some(&found.ident), Some(found.rename.to_string()), false),
            UseTree::Glob(_) => (None, None, true),
        };
        let mut path = before.to_vec();
        path.extend(last.map(Ident::to_string));
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let name = if glob { None } else { name.or_else(|| path.last().cloned()) };
        let at = match tree {
            UseTree::Glob(found) => found.star_token.spans[0],
            _ => last.map_or_else(Span::call_site, Ident::span),
        };
        self.used.push(Used { path, line: line(at), import: Some(Import { name, public }), glob });
    }

    /// Collects paths in tokens that `syn` does not parse: the arguments and definitions of macros, and the content of attributes.
    fn tokens(&mut self, tokens: TokenStream, attribute: bool) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Ident(_) => {
                    at = self.path(&trees, at, &[]);
                    continue;
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && at > 0 && is_sign(&trees[at - 1], '#') => {
                    let documents = group.stream().into_iter().next().is_some_and(|first| first.to_string() == "doc");
                    if !documents {
                        self.tokens(group.stream(), true);
                    }
                }
                TokenTree::Group(group) => self.tokens(group.stream(), attribute),
                TokenTree::Literal(literal) if attribute => self.text(&literal.to_string(), literal.span()),
                _ => {}
            }
            at += 1;
        }
    }

    /// Collects paths in a text of an attribute that is a path or a type: `#[serde(with = "crate::base::time")]`.
    fn text(&mut self, literal: &str, at: Span) {
        if let Ok(text) = syn::parse_str::<syn::LitStr>(literal)
            && let Ok(found) = syn::parse_str::<syn::Type>(&text.value())
        {
            self.line = Some(line(at));
            self.visit_type(&found);
            self.line = None;
        }
    }

    /// Collects one path among tokens. Returns the index after its end.
    fn path(&mut self, trees: &[TokenTree], start: usize, before: &[String]) -> usize {
        let mut path = before.to_vec();
        let mut at = start;
        while let Some(TokenTree::Ident(name)) = trees.get(at) {
            path.push(name.to_string());
            at += 1;
            if !doubled_colon(trees, at) {
                break;
            }
            match trees.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.braces(group.stream(), &path);
                    return at + 3;
                }
                Some(star) if is_sign(star, '*') => {
                    self.code(path, true, star.span());
                    return at + 3;
                }
                _ => break,
            }
        }
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        // `::name`, `<T>::name` and `$name::x` do not begin in this module. `$crate` means this crate.
        let elsewhere = start >= 2 && doubled_colon(trees, start - 2);
        let variable = start >= 1 && is_sign(&trees[start - 1], '$') && path[0] != "crate";
        if !elsewhere && !variable {
            self.code(path, false, trees[start].span());
        }
        at
    }

    /// Collects the paths in the braces after `path::`.
    fn braces(&mut self, tokens: TokenStream, before: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            let begins = at == 0 || is_sign(&trees[at - 1], ',');
            match &trees[at] {
                TokenTree::Ident(_) if begins => at = self.path(&trees, at, before),
                star if begins && is_sign(star, '*') => {
                    self.code(before.to_vec(), true, star.span());
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }
}

fn is_sign(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(found) if found.as_char() == sign)
}

fn doubled_colon(trees: &[TokenTree], at: usize) -> bool {
    let first = matches!(trees.get(at), Some(TokenTree::Punct(found)) if found.as_char() == ':' && found.spacing() == Spacing::Joint);
    first && trees.get(at + 1).is_some_and(|second| is_sign(second, ':'))
}

/// Defines visitor methods that skip code compiled only for tests.
macro_rules! without_tests {
    ($($method:ident: $node:ident),* $(,)?) => {
        $(fn $method(&mut self, node: &'ast syn::$node) {
            if !only_for_tests(&node.attrs) {
                visit::$method(self, node);
            }
        })*
    };
}

impl<'ast> Visit<'ast> for Collector {
    without_tests! {
        visit_item_const: ItemConst, visit_item_enum: ItemEnum, visit_item_fn: ItemFn, visit_item_foreign_mod: ItemForeignMod,
        visit_item_impl: ItemImpl, visit_item_macro: ItemMacro, visit_item_mod: ItemMod, visit_item_static: ItemStatic,
        visit_item_struct: ItemStruct, visit_item_trait: ItemTrait, visit_item_type: ItemType, visit_item_union: ItemUnion,
        visit_impl_item_const: ImplItemConst, visit_impl_item_fn: ImplItemFn, visit_impl_item_macro: ImplItemMacro,
        visit_impl_item_type: ImplItemType, visit_trait_item_const: TraitItemConst, visit_trait_item_fn: TraitItemFn,
        visit_trait_item_macro: TraitItemMacro, visit_trait_item_type: TraitItemType, visit_field: Field, visit_variant: Variant,
        visit_arm: Arm, visit_local: Local, visit_stmt_macro: StmtMacro, visit_expr_block: ExprBlock, visit_expr_call: ExprCall,
        visit_expr_method_call: ExprMethodCall, visit_expr_if: ExprIf, visit_field_value: FieldValue,
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() && !only_for_tests(&item.attrs) {
            let private = matches!(&item.vis, Visibility::Inherited)
                || matches!(&item.vis, Visibility::Restricted(to) if to.in_token.is_none() && to.path.is_ident("self"));
            self.import(&[], &item.tree, !private);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            self.code(path.segments.iter().map(|segment| segment.ident.to_string()).collect(), false, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &'ast Macro) {
        self.visit_path(&found.path);
        self.tokens(found.tokens.clone(), false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let path = attribute.path();
        let conditional = path.is_ident("cfg_attr");
        if path.is_ident("doc") || path.is_ident("cfg") {
            return;
        }
        self.visit_path(path);
        match &attribute.meta {
            Meta::List(list) => {
                let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
                let for_tests = conditional && parts.is_ok_and(|parts| parts.first().is_some_and(needs_test));
                if !for_tests {
                    self.tokens(list.tokens.clone(), true);
                }
            }
            Meta::NameValue(pair) => self.visit_expr(&pair.value),
            Meta::Path(_) => {}
        }
    }

    /// `pub(in crate::room)` imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}
