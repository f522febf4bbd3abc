namespace ClipSeg.Numerics;

/// <summary>
/// What random numbers are drawn for. Each use has a stream of its own, so that no two draw the same numbers; the
/// numbers behind the names never change, since scenes and runs of old are drawn again from them.
/// </summary>
/// <remarks>
/// Those named after a split come in threes, training, validation, test: <c>TrainScenes + (int)split</c>.
/// </remarks>
internal enum RandomUse
{
    TrainScenes = 0,
    ValidationScenes = 1,
    TestScenes = 2,

    TrainCaptions = 10,
    ValidationCaptions = 11,
    TestCaptions = 12,

    /// <summary>Which phrases are asked of a scene in files and in tests.</summary>
    ScenePhrases = 20,

    TrainScenePhrases = 100,
    ValidationScenePhrases = 101,
    TestScenePhrases = 102,

    TrainSceneNegatives = 110,
    ValidationSceneNegatives = 111,
    TestSceneNegatives = 112,

    TrainSceneSupports = 120,
    ValidationSceneSupports = 121,
    TestSceneSupports = 122,

    /// <summary>Shadows, light, blur and compression: apart from what is where.</summary>
    TrainSceneWear = 130,
    ValidationSceneWear = 131,
    TestSceneWear = 132,

    /// <summary>How phrases are said: in the plural, with a full stop.</summary>
    TrainSceneWording = 140,
    ValidationSceneWording = 141,
    TestSceneWording = 142,

    ValidatedNegatives = 199,
    EvaluatedSupports = 200,
    EvaluatedNegatives = 201,

    /// <summary>Weights that are in no checkpoint.</summary>
    FreshWeights = 300,
    Dropout = 301,

    /// <summary>In which order an epoch visits the samples.</summary>
    EpochOrder = 310,

    /// <summary>Crops, templates, mixing weights, and whether a sample becomes a negative.</summary>
    BatchDraws = 311,
    ValidationDraws = 312,

    PhraseCutSupports = 320,
    PhraseCutNegatives = 321,

    /// <summary>Of all data sets in files but PhraseCut.</summary>
    FolderSupports = 330,
    FolderNegatives = 331,

    /// <summary>Resampled pictures behind a score's interval.</summary>
    Bootstrap = 340,

    /// <summary>Which answers are shown.</summary>
    EvaluatedExamples = 341,

    /// <summary>Supports of one-shot segmentation, and which class is asked for.</summary>
    Episodes = 342,

    /// <summary>Concepts that scenes are sorted by.</summary>
    EvaluatedClasses = 343,

    /// <summary>Which phrases are combined.</summary>
    EvaluatedPairs = 344,

    /// <summary>Inputs of tests and benchmarks.</summary>
    Tests = 900,
}
