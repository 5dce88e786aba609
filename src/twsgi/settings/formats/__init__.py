"""
The files a configuration may be written in: text -> L{Section <twsgi.settings.grammar.Section>}.

- L{twsgi.settings.formats.choice}: which of them a file is, by its name.
- L{twsgi.settings.formats.yaml}: YAML, the flat kind without anything else installed.
- L{twsgi.settings.formats.xml}: XML, without a DTD.
- L{twsgi.settings.formats.json}: JSON.
"""
