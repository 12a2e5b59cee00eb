interface Asked<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread was asked and has not answered, each question with a number of its own. */
export class Questions<Answer> {
  readonly #asked = new Map<number, Asked<Answer>>();
  #last = 0;

  get size(): number {
    return this.#asked.size;
  }

  /** @param post sends the question. Resolves with its answer. */
  ask(post: (question: number) => void): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const question = ++this.#last;
      this.#asked.set(question, { resolve, reject });
      post(question);
    });
  }

  answered(question: number, answer: Answer): void {
    this.#take(question)?.resolve(answer);
  }

  failed(question: number, error: unknown): void {
    this.#take(question)?.reject(error);
  }

  /** The thread has ended, and answers nothing any more. */
  end(error: unknown): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }

  #take(question: number): Asked<Answer> | undefined {
    const asked = this.#asked.get(question);
    this.#asked.delete(question);
    return asked;
  }
}
