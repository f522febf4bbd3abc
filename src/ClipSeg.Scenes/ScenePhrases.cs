using System.Numerics;
using ClipSeg.Numerics;
using ClipSeg.Scenes.Artwork;

namespace ClipSeg.Scenes;

/// <summary>
/// Finds the phrases that hold in a scene. Each is checked against every object; what people may dispute is not said.
/// </summary>
internal sealed class ScenePhrases(Scene scene)
{
    private const int Tries = 6, RelationTries = 24;      // most pairs of objects are in no clear relation
    private const float ClearlyLarger = 1.4f;       // of two sides
    private const float SizeIsSeen = 0.6f;          // less of an object in view, and nobody can tell its size

    private const float WrongColourShare = 0.35f, KinShare = 0.3f;      // of phrases for what is not there

    private static readonly Term _thing = new("thing", TakesArticle: true);
    private static readonly string[] _colours =
        [.. Enum.GetNames<ColourName>().Select(name => name.ToLowerInvariant())];

    private readonly int _side = scene.Picture.Width;

    /// <summary>
    /// A phrase for something in the scene, kinds in balance; null in the rare scene where nothing is certain.
    /// </summary>
    internal Phrase? Sample(ref RandomStream random)
    {
        for (int attempt = 0; attempt < 12; attempt++)
        {
            PhraseKind kind = random.NextFloat() switch
            {
                < 0.28f => PhraseKind.Name,
                < 0.40f => PhraseKind.Synonym,
                < 0.54f => PhraseKind.Category,
                < 0.62f => PhraseKind.Affordance,
                < 0.68f => PhraseKind.Colour,
                < 0.85f => PhraseKind.Attribute,
                _ => PhraseKind.Relation,
            };
            for (int i = kind == PhraseKind.Relation ? RelationTries : Tries; i > 0; i--)
                if (SampleOf(kind, ref random) is Phrase phrase) return phrase;
        }
        return All().FirstOrDefault();
    }

    /// <summary>A phrase of this kind for a random object; null if that one is unclear, so try again.</summary>
    internal Phrase? SampleOf(PhraseKind kind, ref RandomStream random)
    {
        SceneObject item = scene.Objects[random.Next(scene.Objects.Count)];
        switch (kind)
        {
            case PhraseKind.Attribute:
                Term name = PickName(item, ref random);
                int which = random.Next(4);
                return which < 2 ? Colour(item, name) : which == 2 ? Size(item, name, large: random.Chance(0.5f))
                    : Place(item, name, random.Next(SceneRelation.Places.Length));

            case PhraseKind.Colour:
                return item.Colours.Dominant == ColourName.None ? null : Colour(item.Colours.Dominant, wanted: true);

            case PhraseKind.Relation:
                if (scene.Objects.Count < 2) return null;
                SceneObject other = scene.Objects[random.Next(scene.Objects.Count)];
                Term a = PickName(item, ref random), b = PickName(other, ref random);
                return Relation(a, other, b, random.Next(SceneRelation.Predicates.Length));

            default:
                Term[] terms = [.. Terms(item).Where(t => t.Kind == kind).Select(t => t.Term)];
                return terms.Length == 0 ? null : Plain(terms[random.Next(terms.Length)], kind);
        }
    }

    /// <summary>
    /// A phrase for something that is not there: another thing, often one that is like something there, or one that
    /// is there in a colour that it does not have, often another thing's.
    /// </summary>
    internal Phrase Negative(ref RandomStream random)
    {
        float u = random.NextFloat();
        if (u < WrongColourShare && WrongColour(ref random) is Phrase wrong) return wrong;

        IReadOnlyList<Concept> concepts = scene.Catalogue.Concepts, kin = concepts;
        if (u is >= WrongColourShare and < WrongColourShare + KinShare)
            kin = scene.Catalogue.InGroup(scene.Objects[random.Next(scene.Objects.Count)].Concept.Group);
        for (int attempt = 0; ; attempt++)
        {
            IReadOnlyList<Concept> from = attempt < Tries ? kin : concepts;
            Concept concept = from[random.Next(from.Count)];
            List<(Term Term, PhraseKind Kind)> terms = [.. Terms(concept)];
            (Term term, PhraseKind kind) = terms[random.Chance(0.5f) ? 0 : random.Next(terms.Count)];
            if (!MaySay(term)) continue;
            (uint yes, uint doubtful) = Find(term);
            if ((yes | doubtful) == 0) return Make(term, kind, Say(term, kind), objects: 0);
        }
    }

    /// <summary>Every phrase that holds in the scene, relations between names only; no text twice.</summary>
    public IEnumerable<Phrase> All()
    {
        HashSet<string> said = [];
        return Candidates().OfType<Phrase>().Where(phrase => said.Add(phrase.Text));
    }

    private IEnumerable<Phrase?> Candidates()
    {
        for (int colour = 1; colour < _colours.Length; colour++)
            yield return Colour((ColourName)colour, wanted: true);
        foreach (SceneObject item in scene.Objects)
        {
            foreach ((Term term, PhraseKind kind) in Terms(item))
            {
                yield return Plain(term, kind);
                if (kind == PhraseKind.Affordance) continue;
                yield return Colour(item, term);
                yield return Size(item, term, large: true);
                yield return Size(item, term, large: false);
                for (int place = 0; place < SceneRelation.Places.Length; place++) yield return Place(item, term, place);
            }
            foreach (SceneObject other in scene.Objects)
            {
                for (int predicate = 0; predicate < SceneRelation.Predicates.Length; predicate++)
                    yield return Relation(item.Concept.Name, other, other.Concept.Name, predicate);
            }
        }
    }

    private Phrase? Plain(Term term, PhraseKind kind)
    {
        (uint yes, uint doubtful) = Find(term);
        return yes == 0 || doubtful != 0 || !MaySay(term) ? null : Make(term, kind, Say(term, kind), yes);
    }

    private Phrase? Colour(SceneObject item, Term term)
    {
        ColourName colour = item.Colours.Dominant;
        return colour == ColourName.None ? null : Coloured(term, colour, wanted: true);
    }

    /// <summary>
    /// "the red car": those cars that are red; null if one of them is neither clearly red nor clearly not.
    /// </summary>
    private Phrase? Coloured(Term term, ColourName colour, bool wanted)
    {
        (uint yes, uint doubtful) = Find(term);
        if (yes == 0 || doubtful != 0 || !MaySay(term)) return null;
        bool saysColour = Array.Exists(_colours, c => term.Text.Contains(c, StringComparison.Ordinal));
        if (saysColour) return null;        // "the red red lantern"

        uint objects = 0;
        foreach (int i in Bits(yes))
        {
            Truth has = scene.Objects[i].Colours.Has(colour);
            if (has == Truth.Doubtful) return null;
            if (has == Truth.Yes) objects |= 1u << i;
        }
        string name = _colours[(int)colour];
        return (objects != 0) != wanted ? null
            : Make(term, PhraseKind.Attribute, $"the {name} {term}", objects) with { Attribute = name };
    }

    /// <summary>"something red": whatever is red; null if something is neither clearly red nor clearly not.</summary>
    private Phrase? Colour(ColourName colour, bool wanted)
    {
        uint objects = 0;
        for (int i = 0; i < scene.Objects.Count; i++)
        {
            Truth has = scene.Objects[i].Colours.Has(colour);
            if (has == Truth.Doubtful) return null;
            if (has == Truth.Yes) objects |= 1u << i;
        }
        string name = _colours[(int)colour];
        return (objects != 0) != wanted ? null
            : Make(_thing, PhraseKind.Colour, $"something {name}", objects) with { Attribute = name };
    }

    /// <summary>
    /// "the red car" of a blue car, beside a red star if possible; or "something red" where nothing is.
    /// </summary>
    private Phrase? WrongColour(ref RandomStream random)
    {
        SceneObject item = scene.Objects[random.Next(scene.Objects.Count)];
        ColourName other = scene.Objects[random.Next(scene.Objects.Count)].Colours.Dominant;
        ColourName any = (ColourName)(1 + random.Next(_colours.Length - 1));
        if (random.Chance(0.2f)) return Colour(any, wanted: false);
        return Coloured(PickName(item, ref random), other == ColourName.None ? any : other, wanted: false)
            ?? Coloured(PickName(item, ref random), any, wanted: false);
    }

    /// <summary>"the large star", of several stars: all the others must be clearly smaller.</summary>
    private Phrase? Size(SceneObject item, Term term, bool large)
    {
        (uint yes, uint doubtful) = Find(term);
        if (BitOperations.PopCount(yes) < 2 || doubtful != 0 || !MaySay(term)) return null;
        foreach (int i in Bits(yes))
        {
            SceneObject other = scene.Objects[i];
            if (other.VisibleFraction < SizeIsSeen) return null;
            if (other == item) continue;
            float ratio = large ? item.Size / other.Size : other.Size / item.Size;
            if (ratio < ClearlyLarger) return null;
        }
        string size = large ? "large" : "small";
        return Make(term, PhraseKind.Attribute, $"the {size} {term}", Bit(item)) with { Attribute = size };
    }

    /// <summary>
    /// "the cat on the left": the only cat, and it is there; or the one clearly nearer than all others.
    /// </summary>
    private Phrase? Place(SceneObject item, Term term, int place)
    {
        (uint yes, uint doubtful) = Find(term);
        if (yes == 0 || doubtful != 0 || !MaySay(term)) return null;
        if (yes == Bit(item) && !SceneRelation.IsAt(place, item, _side)) return null;
        foreach (int i in Bits(yes & ~Bit(item)))
            if (!SceneRelation.IsNearer(place, item, scene.Objects[i], _side)) return null;
        string where = SceneRelation.Places[place];
        return Make(term, PhraseKind.Attribute, $"the {term} {where}", Bit(item)) with { Attribute = where };
    }

    /// <summary>"the dog next to the pizza": one pizza, and every dog either clearly is or clearly is not.</summary>
    private Phrase? Relation(Term term, SceneObject other, Term otherTerm, int predicate)
    {
        (uint yes, uint doubtful) = Find(term);
        (uint otherYes, uint otherDoubtful) = Find(otherTerm);
        if (otherYes != Bit(other) || otherDoubtful != 0 || doubtful != 0 || (yes & otherYes) != 0) return null;
        if (!MaySay(term) || !MaySay(otherTerm)) return null;

        uint objects = 0;
        foreach (int i in Bits(yes))
        {
            Truth holds = SceneRelation.Holds(predicate, scene.Objects[i], other, _side);
            if (holds == Truth.Doubtful) return null;
            if (holds == Truth.Yes) objects |= 1u << i;
        }
        if (objects == 0) return null;
        string relation = SceneRelation.Predicates[predicate];
        Phrase phrase = Make(term, PhraseKind.Relation, $"the {term} {relation} the {otherTerm}", objects);
        bool sameExposure = other.Concept.HeldOut == (phrase.Exposure == Exposure.HeldOut);
        return phrase with
        {
            Predicate = relation,
            RelatedName = otherTerm.Text,
            Exposure = sameExposure ? phrase.Exposure : Exposure.Mixed,
        };
    }

    private Phrase Make(Term term, PhraseKind kind, string text, uint objects)
    {
        int heldOut = Bits(objects).Count(i => scene.Objects[i].Concept.HeldOut), all = BitOperations.PopCount(objects);
        bool heldOutWord = term != _thing && scene.Catalogue.IsHeldOut(scene.Catalogue.FindWord(term.Text));
        Exposure exposure = all == 0 ? heldOutWord ? Exposure.HeldOut : Exposure.Seen
            : heldOut == 0 ? Exposure.Seen : heldOut == all ? Exposure.HeldOut : Exposure.Mixed;
        return new() { Text = text, Kind = kind, Exposure = exposure, Objects = objects, Term = term };
    }

    private static string Say(Term term, PhraseKind kind) => kind == PhraseKind.Category ? term.WithArticle : term.Text;

    private bool MaySay(Term term)
        => scene.Pool != ConceptPool.Seen || !scene.Catalogue.IsHeldOut(scene.Catalogue.FindWord(term.Text));

    private static Term PickName(SceneObject item, ref RandomStream random)
    {
        if (random.Chance(0.6f)) return item.Concept.Name;
        Term[] others = [.. Terms(item).Where(t => t.Kind != PhraseKind.Affordance).Select(t => t.Term)];
        return others[random.Next(others.Length)];
    }

    private static IEnumerable<(Term Term, PhraseKind Kind)> Terms(SceneObject item) => Terms(item.Concept);

    private static IEnumerable<(Term Term, PhraseKind Kind)> Terms(Concept concept)
    {
        yield return (concept.Name, PhraseKind.Name);
        foreach (Term term in concept.Synonyms) yield return (term, PhraseKind.Synonym);
        foreach (Term term in concept.Categories)
            yield return (term, term.IsAffordance ? PhraseKind.Affordance : PhraseKind.Category);
    }

    private (uint Yes, uint Doubtful) Find(Term term)
    {
        int word = scene.Catalogue.FindWord(term.Text);
        (uint yes, uint doubtful) = (0, 0);
        for (int i = 0; i < scene.Objects.Count; i++)
        {
            Truth holds = scene.Catalogue.Holds(word, scene.Objects[i].Concept);
            if (holds == Truth.Yes) yes |= 1u << i;
            else if (holds == Truth.Doubtful) doubtful |= 1u << i;
        }
        return (yes, doubtful);
    }

    private uint Bit(SceneObject item)
    {
        for (int i = 0; i < scene.Objects.Count; i++)
            if (ReferenceEquals(scene.Objects[i], item)) return 1u << i;
        return 0;
    }

    private static IEnumerable<int> Bits(uint objects)
    {
        for (; objects != 0; objects &= objects - 1) yield return BitOperations.TrailingZeroCount(objects);
    }
}
