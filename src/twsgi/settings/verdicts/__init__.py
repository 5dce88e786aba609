"""
What becomes of each option that uWSGI has: it works, has no effect here, is not there yet, or never
will be.

- L{twsgi.settings.verdicts.verdict}: what a verdict is.
- L{twsgi.settings.verdicts.works}: names that work without a row of their own.
- L{twsgi.settings.verdicts.noeffect}: names that may be left out, and why.
- L{twsgi.settings.verdicts.notyet}: what is to come, by topic.
- L{twsgi.settings.verdicts.never}: what will not come, and what to use instead.
- L{twsgi.settings.verdicts.refused}: what no start goes on without.
- L{twsgi.settings.verdicts.values}: where the value decides.
- L{twsgi.settings.verdicts.table}: all of it: a verdict for a name, and for a line.
- L{twsgi.settings.verdicts.mostused}: the options that most files have, as a table for a page.
"""
