using ClipSeg.Numerics;

namespace ClipSeg.Scenes.Artwork;

/// <summary>
/// Chooses the concepts that decoder training never meets: 15 %, some of every group, the same ones for ever.
/// </summary>
/// <remarks>
/// Concepts that share a name or synonym, or where one's name is a word of the other's ("envelope", "red envelope"), go
/// together: otherwise a held-out name would be seen under another roof. Names that serve others as a category
/// ("bird") stay.
/// </remarks>
internal static class HeldOutConcepts
{
    private const float Share = 0.15f;
    private const int LargestFamily = 4;
    private const int FewKinds = 4;         // a name that is the category of more does not tie these together

    public static bool[] Choose(IReadOnlyList<ConceptEntry> entries)
    {
        Dictionary<string, int> wanted = entries.GroupBy(e => e.Group)
            .ToDictionary(g => g.Key, g => Math.Max(g.Count() / 4 > 0 ? 1 : 0, (int)MathF.Round(Share * g.Count())));
        Dictionary<string, int> categoryUses =
            entries.SelectMany(e => e.Categories).CountBy(t => t.Text).ToDictionary();

        bool[] heldOut = new bool[entries.Count];

        // Families of small groups choose first, so that these get their one concept.
        IEnumerable<List<int>> inOrder = Families(entries, categoryUses)
            .OrderBy(f => f.Min(c => wanted[entries[c].Group]))
            .ThenBy(f => Hash(entries[f[0]].Name.Text));
        foreach (List<int> family in inOrder.ToList())
        {
            if (family.Count > LargestFamily) continue;
            if (family.Any(c => Names(entries[c]).Any(t => categoryUses.ContainsKey(t.Text)))) continue;
            KeyValuePair<string, int>[] groups = [.. family.CountBy(c => entries[c].Group)];
            if (groups.Any(g => g.Value > wanted[g.Key])) continue;
            foreach (KeyValuePair<string, int> group in groups) wanted[group.Key] -= group.Value;
            foreach (int concept in family) heldOut[concept] = true;
        }
        return heldOut;
    }

    // Union-find over the words that name the concepts.
    private static List<List<int>> Families(IReadOnlyList<ConceptEntry> entries, Dictionary<string, int> categoryUses)
    {
        int[] parent = [.. Enumerable.Range(0, entries.Count)];
        int Root(int i) => parent[i] == i ? i : parent[i] = Root(parent[i]);
        void Join(int a, int b) => parent[Math.Max(Root(a), Root(b))] = Math.Min(Root(a), Root(b));

        Dictionary<string, int> named = [];
        for (int i = 0; i < entries.Count; i++)
        {
            foreach (Term term in Names(entries[i]))
                if (!named.TryAdd(term.Text, i)) Join(named[term.Text], i);
        }
        for (int i = 0; i < entries.Count; i++)
        {
            IEnumerable<string> parts = Names(entries[i]).SelectMany(t => Words.Parts(t.Text));
            foreach (string word in parts.Concat(entries[i].Categories.Select(t => t.Text)))
            {
                if (categoryUses.GetValueOrDefault(word) <= FewKinds && named.TryGetValue(word, out int other))
                    Join(other, i);
            }
        }
        return [.. Enumerable.Range(0, entries.Count).GroupBy(Root).OrderBy(g => g.Key).Select(g => g.ToList())];
    }

    private static IEnumerable<Term> Names(ConceptEntry entry) => [entry.Name, .. entry.Synonyms];

    // Never to change: what a model was trained without is what it says that it was. The stream is that of scenes of
    // seed 0, at places which no set of scenes reaches.
    private static ulong Hash(string text) => new RandomStream(RandomUse.TrainScenes, seed: 0, text).NextBits();
}
