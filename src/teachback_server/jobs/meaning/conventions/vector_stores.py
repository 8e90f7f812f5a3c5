"""Vector stores: what OpenLLMetry's instrumentations of Chroma, Qdrant, Pinecone, Milvus, Weaviate and others send."""

from teachback.vocabulary import StepKind
from teachback_server.jobs.meaning.convention import Convention, Means

VECTOR_STORES = Convention(
    name="a vector store's own names",
    markers=("db.vector.query.top_k", "db.marqo.search.query"),
    scopes=(
        "opentelemetry.instrumentation.chromadb",
        "opentelemetry.instrumentation.lancedb",
        "opentelemetry.instrumentation.marqo",
        "opentelemetry.instrumentation.milvus",
        "opentelemetry.instrumentation.pinecone",
        "opentelemetry.instrumentation.qdrant",
        "opentelemetry.instrumentation.weaviate",
    ),
    attributes={
        # What kind of step: the method that was called
        "db.operation": Means.KIND,
        # What was searched for; what was found comes as events
        "db.marqo.search.query": Means.QUERY,
        "db.vector.query.top_k": Means.HOW_MANY,
        "pinecone.query.top_k": Means.HOW_MANY,
        "db.milvus.search.limit": Means.HOW_MANY,
        # What was put in
        "weaviate.data.crud_data.create.data_object": Means.INPUT,
        "db.weaviate.batch.add_data_object.data_object": Means.INPUT,
        "db.weaviate.collections.batch.add_object.properties": Means.INPUT,
        "weaviate.collections.data.insert.properties": Means.INPUT,
        "weaviate.collections.data.replace.properties": Means.INPUT,
        "weaviate.collections.data.update.properties": Means.INPUT,
        # How it was done
        "db.chroma.*": Means.SETTING,
        "db.marqo.*": Means.SETTING,
        "db.milvus.*": Means.SETTING,
        "db.pinecone.*": Means.SETTING,
        "db.vector.*": Means.SETTING,
        "pinecone.*": Means.SETTING,
        "qdrant.*": Means.SETTING,
        "weaviate.*": Means.SETTING,
        "db.weaviate.*": Means.SETTING,
    },
    kinds={
        "query": StepKind.RETRIEVAL,
        "_query": StepKind.RETRIEVAL,
        "search": StepKind.RETRIEVAL,
        "hybrid_search": StepKind.RETRIEVAL,
        "get": StepKind.RETRIEVAL,
        "peek": StepKind.RETRIEVAL,
        "fetch_objects": StepKind.RETRIEVAL,
        "fetch_object_by_id": StepKind.RETRIEVAL,
        "graphql_raw_query": StepKind.RETRIEVAL,
    },
)
