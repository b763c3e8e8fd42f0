//! `wit/` as a document: worlds with what they import and export, and of each interface its functions and types.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use guests::wit_parser::{
    Docs, Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner, World,
    WorldItem, WorldKey,
};

const HEAD: &str = "\
# The interface

What a plugin exports, what it may import, and the types that go to and fro: `wit/`, as text. Nobody who writes with an
SDK needs it ([`plugins.md`](plugins.md)); it is for whoever brings another language, or wants to know what an SDK
stands on.

Signatures are [WIT](https://component-model.bytecodealliance.org/design/wit.html): `option<T>` may be absent,
`result<T, E>` is a `T` or the `E` that came instead. In tables, a part without a description says all in its name.

<!-- Made of `wit/` by a test. After a change there: KARAT_BLESS=1 scripts/test -E 'test(reference_of_the_interface)' -->
";

/// The document.
pub(super) fn reference(wit: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
    let reference = Reference { resolve };
    let resolve = &reference.resolve;
    let worlds: Vec<_> = resolve.packages[package].worlds.values().map(|id| &resolve.worlds[*id]).collect();
    let mut text = format!("{HEAD}\nThe package is `{}`.\n\n## Worlds\n", resolve.packages[package].name);
    for world in &worlds {
        reference.world(&mut text, world);
    }
    for interface in reference.in_order(&worlds) {
        reference.interface(&mut text, interface, &worlds);
    }
    text
}

/// The fragment by which a heading is linked.
pub(super) fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

struct Reference {
    resolve: Resolve,
}

impl Reference {
    /// `types` first, then what plugins export, then what they import: the order in which one wants to know.
    fn in_order(&self, worlds: &[&World]) -> Vec<InterfaceId> {
        let imports = || worlds.iter().flat_map(|world| interfaces(&world.imports));
        let exports = worlds.iter().flat_map(|world| interfaces(&world.exports));
        let mut seen = BTreeSet::new();
        let all = imports().take(1).chain(exports).chain(imports());
        all.filter(|id| seen.insert(self.name(*id))).collect()
    }

    fn name(&self, interface: InterfaceId) -> &str {
        self.resolve.interfaces[interface].name.as_deref().unwrap()
    }

    fn world(&self, text: &mut String, world: &World) {
        let list = |items: Vec<InterfaceId>| {
            items.into_iter().map(|id| format!("[`{0}`](#{0})", self.name(id))).collect::<Vec<_>>().join(", ")
        };
        writeln!(text, "\n### `{}`\n\n{}\n", world.name, sentences(&world.docs)).unwrap();
        writeln!(text, "- exports {}", list(interfaces(&world.exports).collect())).unwrap();
        writeln!(text, "- may import {}", list(interfaces(&world.imports).collect())).unwrap();
    }

    fn interface(&self, text: &mut String, id: InterfaceId, worlds: &[&World]) {
        let interface = &self.resolve.interfaces[id];
        let of = |is_export: bool| {
            let has = |world: &&&World| {
                interfaces(if is_export { &world.exports } else { &world.imports }).any(|other| other == id)
            };
            worlds.iter().filter(has).map(|world| format!("`{}`", world.name)).collect::<Vec<_>>().join(", ")
        };
        writeln!(text, "\n## `{}`\n", self.name(id)).unwrap();
        if interface.docs.contents.is_some() {
            writeln!(text, "{}\n", sentences(&interface.docs)).unwrap();
        }
        for (what, worlds) in [("Exported by", of(true)), ("Imported by", of(false))] {
            if !worlds.is_empty() {
                writeln!(text, "{what} {worlds}.").unwrap();
            }
        }
        for function in interface.functions.values().filter(|function| function.kind == FunctionKind::Freestanding) {
            self.function(text, &function.name, function);
        }
        for id in interface.types.values() {
            let defined = &self.resolve.types[*id];
            // What is used from another interface stands there.
            if !matches!(&defined.kind, TypeDefKind::Type(Type::Id(other)) if self.home(*other) != self.home(*id)) {
                self.defined(text, *id, defined);
            }
        }
    }

    /// The interface that a type is defined in.
    fn home(&self, id: TypeId) -> Option<InterfaceId> {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(interface) => Some(interface),
            _ => None,
        }
    }

    fn function(&self, text: &mut String, name: &str, function: &Function) {
        writeln!(text, "\n```wit\n{name}: {}\n```", self.signature(function)).unwrap();
        if function.docs.contents.is_some() {
            writeln!(text, "\n{}", sentences(&function.docs)).unwrap();
        }
    }

    fn signature(&self, function: &Function) -> String {
        let is_method = matches!(function.kind, FunctionKind::Method(_));
        let taken = function.params.iter().skip(usize::from(is_method));
        let taken: Vec<_> = taken.map(|param| format!("{}: {}", param.name, self.shown(&param.ty))).collect();
        let gives = match function.kind {
            // What it makes is told by its name.
            FunctionKind::Constructor(_) => None,
            _ => function.result.as_ref().map(|result| format!(" -> {}", self.shown(result))),
        };
        format!("func({}){}", taken.join(", "), gives.unwrap_or_default())
    }

    fn defined(&self, text: &mut String, id: TypeId, defined: &TypeDef) {
        let kind = match &defined.kind {
            TypeDefKind::Type(other) => format!("`{}`", self.shown(other)),
            other => other.as_str().to_owned(),
        };
        writeln!(text, "\n### `{}`\n", self.full_name(id)).unwrap();
        writeln!(text, "{}", format!("*{kind}* {}", sentences(&defined.docs)).trim_end()).unwrap();
        let parts: Vec<(&str, Option<&Type>, &Docs)> = match &defined.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().map(|field| (&*field.name, Some(&field.ty), &field.docs)).collect()
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().map(|case| (&*case.name, case.ty.as_ref(), &case.docs)).collect()
            }
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (&*case.name, None, &case.docs)).collect(),
            TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| (&*flag.name, None, &flag.docs)).collect(),
            TypeDefKind::Resource => return self.methods(text, id),
            _ => return,
        };
        self.table(text, &parts);
    }

    fn methods(&self, text: &mut String, resource: TypeId) {
        let interface = &self.resolve.interfaces[self.home(resource).unwrap()];
        for function in interface.functions.values() {
            let (prefix, of) = match function.kind {
                FunctionKind::Method(of) => ("", of),
                FunctionKind::Static(of) => ("static ", of),
                FunctionKind::Constructor(of) => ("", of),
                _ => continue,
            };
            if of == resource {
                self.function(text, &format!("{prefix}{}", function.item_name()), function);
            }
        }
    }

    /// A table with no more columns than there is something to say in.
    fn table(&self, text: &mut String, parts: &[(&str, Option<&Type>, &Docs)]) {
        let has_types = parts.iter().any(|(_, of, _)| of.is_some());
        let has_docs = parts.iter().any(|(_, _, docs)| docs.contents.is_some());
        if !has_types && !has_docs {
            let names: Vec<_> = parts.iter().map(|(name, ..)| format!("`{name}`")).collect();
            writeln!(text, "\n{}", names.join(", ")).unwrap();
            return;
        }
        let row = |cells: [&str; 3]| {
            let [name, of, docs] = cells;
            let of = if has_types { format!(" {of} |") } else { String::new() };
            let docs = if has_docs { format!(" {docs} |") } else { String::new() };
            format!("| {name} |{of}{docs}\n")
        };
        text.push('\n');
        text.push_str(&row(["", "type", "is"]));
        text.push_str(&row(["---", "---", "---"]));
        for (name, of, docs) in parts {
            let of = of.map_or_else(String::new, |of| self.linked(of));
            text.push_str(&row([&format!("`{name}`"), &of, &sentences(docs).replace('|', "\\|")]));
        }
    }

    /// A type as WIT has it.
    fn shown(&self, of: &Type) -> String {
        match of {
            Type::Id(id) => {
                let defined = &self.resolve.types[*id];
                defined.name.clone().unwrap_or_else(|| self.composed(&defined.kind, &|of| self.shown(of)))
            }
            Type::Bool => "bool".into(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// The same for a table: what is defined somewhere is a link.
    fn linked(&self, of: &Type) -> String {
        // Where a link begins the code ends, and goes on behind it.
        format!("`{}`", self.with_links(of)).replace("``", "")
    }

    fn with_links(&self, of: &Type) -> String {
        let Type::Id(id) = of else { return self.shown(of) };
        let defined = &self.resolve.types[*id];
        match &defined.name {
            Some(name) => format!("`[`{name}`](#{})`", anchor(&self.full_name(*id))),
            None => self.composed(&defined.kind, &|of| self.with_links(of)),
        }
    }

    /// A type's name and the interface that defines it, from where it may only be used.
    fn full_name(&self, mut id: TypeId) -> String {
        while let TypeDefKind::Type(Type::Id(other)) = self.resolve.types[id].kind {
            id = other;
        }
        format!("{}.{}", self.name(self.home(id).unwrap()), self.resolve.types[id].name.as_ref().unwrap())
    }

    /// A type without a name of its own, its parts as `shown` has them.
    fn composed(&self, kind: &TypeDefKind, shown: &dyn Fn(&Type) -> String) -> String {
        let or_none = |part: &Option<Type>| part.as_ref().map_or_else(|| "_".to_owned(), shown);
        match kind {
            TypeDefKind::List(of) => format!("list<{}>", shown(of)),
            TypeDefKind::Option(of) => format!("option<{}>", shown(of)),
            TypeDefKind::Result(result) => format!("result<{}, {}>", or_none(&result.ok), or_none(&result.err)),
            TypeDefKind::Tuple(tuple) => {
                format!("tuple<{}>", tuple.types.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => shown(&Type::Id(*id)),
            TypeDefKind::Type(of) => shown(of),
            other => panic!("`wit/` has a kind of type that its reference does not know: {}", other.as_str()),
        }
    }
}

fn interfaces<'w>(
    items: impl IntoIterator<Item = (&'w WorldKey, &'w WorldItem)> + 'w,
) -> impl Iterator<Item = InterfaceId> + 'w {
    items.into_iter().filter_map(|(_, item)| match item {
        WorldItem::Interface { id, .. } => Some(*id),
        _ => None,
    })
}

/// What a comment says, in one line: it is wrapped for `wit/`.
fn sentences(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}
